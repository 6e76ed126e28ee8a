-- Two applications without a known group may use one topic; what each did is kept apart, also when instances no longer are.
ALTER TABLE "Usage" DROP CONSTRAINT "Usage_pkey",
    ADD CONSTRAINT "Usage_pkey" PRIMARY KEY ("environment", "topic", "kind", "group", "application", "instance");

CREATE TABLE "UsageWatch" (
    "environment" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "lastReportAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "UsageWatch_pkey" PRIMARY KEY ("environment")
);
