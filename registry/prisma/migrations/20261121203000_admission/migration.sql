ALTER TABLE "Environment" ADD COLUMN "revocations" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "Session"
    ADD COLUMN "revocation" INTEGER,
    ADD COLUMN "grantedChanges" TEXT[],
    ADD COLUMN "appliedChanges" TEXT[];

CREATE INDEX "Session_environment_revocation_idx" ON "Session"("environment", "revocation");

CREATE TABLE "SubscriptionChange" (
    "id" TEXT NOT NULL,
    "group" TEXT NOT NULL,
    "before" JSONB NOT NULL,
    "after" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "startedBy" TEXT NOT NULL,
    "deadline" TIMESTAMPTZ(3) NOT NULL,
    "expandedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "endedBy" TEXT,

    CONSTRAINT "SubscriptionChange_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "SubscriptionChange_group_startedAt_idx" ON "SubscriptionChange"("group", "startedAt");

CREATE INDEX "SubscriptionChange_state_idx" ON "SubscriptionChange"("state");

ALTER TABLE "SubscriptionChange" ADD CONSTRAINT "SubscriptionChange_group_fkey" FOREIGN KEY ("group") REFERENCES "ConsumerGroup"("name") ON DELETE RESTRICT ON UPDATE CASCADE;
