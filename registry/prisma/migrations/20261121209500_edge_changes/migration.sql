-- What each change of the catalog touched, so that an edge is told only that.
CREATE TABLE "EdgeChange" (
    "environment" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "topics" TEXT[],
    "consumerGroups" TEXT[],
    "applications" TEXT[],

    CONSTRAINT "EdgeChange_pkey" PRIMARY KEY ("environment", "revision")
);
