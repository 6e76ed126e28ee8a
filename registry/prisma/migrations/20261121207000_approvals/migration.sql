CREATE TABLE "ApprovalPolicy" (
    "version" INTEGER NOT NULL,
    "policy" JSONB NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ApprovalPolicy_pkey" PRIMARY KEY ("version")
);

CREATE TABLE "ChangeRequest" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT[],
    "state" TEXT NOT NULL,
    "teams" TEXT[],
    "document" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ChangeRequest_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "ChangeRequest_createdAt_id_idx" ON "ChangeRequest"("createdAt", "id");

CREATE INDEX "ChangeRequest_state_expiresAt_idx" ON "ChangeRequest"("state", "expiresAt");

CREATE INDEX "ChangeRequest_key_idx" ON "ChangeRequest" USING GIN ("key");

CREATE INDEX "ChangeRequest_teams_idx" ON "ChangeRequest" USING GIN ("teams");
