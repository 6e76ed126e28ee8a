CREATE TABLE "Usage" (
    "environment" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "group" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "count" BIGINT NOT NULL,
    "lastAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Usage_pkey" PRIMARY KEY ("environment", "topic", "kind", "group", "instance")
);

CREATE INDEX "Usage_topic_lastAt_idx" ON "Usage"("topic", "lastAt");

CREATE INDEX "Usage_group_lastAt_idx" ON "Usage"("group", "lastAt");

CREATE INDEX "Usage_lastAt_idx" ON "Usage"("lastAt");

CREATE TABLE "UsageReport" (
    "environment" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "UsageReport_pkey" PRIMARY KEY ("environment", "id")
);
