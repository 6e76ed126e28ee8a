CREATE TABLE "RecyclingPolicy" (
    "version" INTEGER NOT NULL,
    "policy" JSONB NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "RecyclingPolicy_pkey" PRIMARY KEY ("version")
);

CREATE TABLE "RecyclingCase" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "team" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "foundAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "keptUntil" TIMESTAMPTZ(3),
    "document" JSONB NOT NULL,

    CONSTRAINT "RecyclingCase_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "RecyclingCase_kind_name_idx" ON "RecyclingCase"("kind", "name");

CREATE INDEX "RecyclingCase_state_idx" ON "RecyclingCase"("state");

CREATE TABLE "Notice" (
    "id" TEXT NOT NULL,
    "team" TEXT NOT NULL,
    "about" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "deliveredAt" TIMESTAMPTZ(3),
    "claimedUntil" TIMESTAMPTZ(3),

    CONSTRAINT "Notice_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "Notice_createdAt_id_idx" ON "Notice"("createdAt", "id");

CREATE INDEX "Notice_team_createdAt_idx" ON "Notice"("team", "createdAt");

CREATE INDEX "Notice_deliveredAt_createdAt_idx" ON "Notice"("deliveredAt", "createdAt");
