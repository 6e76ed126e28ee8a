-- Every token ends. Those from before this rule get time enough to be replaced: a year, and ten for the
-- edge of the own process, which each start replaces.
ALTER TABLE "Token"
    ADD COLUMN "restriction" JSONB,
    ADD COLUMN "lastUsedAt" TIMESTAMPTZ(3),
    ADD COLUMN "previousSecretHash" BYTEA,
    ADD COLUMN "previousSecretUntil" TIMESTAMPTZ(3);
UPDATE "Token"
SET "expiresAt" = now() + CASE WHEN "embedded" THEN interval '10 years' ELSE interval '1 year' END
WHERE "expiresAt" IS NULL;
ALTER TABLE "Token" ALTER COLUMN "expiresAt" SET NOT NULL;

ALTER TABLE "Credential"
    ADD COLUMN "expiresAt" TIMESTAMPTZ(3),
    ADD COLUMN "lastUsedAt" TIMESTAMPTZ(3);

-- Absent in older events, whose hashes do not cover them.
ALTER TABLE "AuditEvent"
    ADD COLUMN "actorIssuer" TEXT,
    ADD COLUMN "requestId" TEXT;

-- Each filter of the list, with the order of its pages.
DROP INDEX "AuditEvent_subjectKind_subject_idx";
DROP INDEX "AuditEvent_actorId_idx";
CREATE INDEX "AuditEvent_subjectKind_subject_sequence_idx" ON "AuditEvent"("subjectKind", "subject", "sequence");
CREATE INDEX "AuditEvent_subject_sequence_idx" ON "AuditEvent"("subject", "sequence");
CREATE INDEX "AuditEvent_actorId_sequence_idx" ON "AuditEvent"("actorId", "sequence");
CREATE INDEX "AuditEvent_action_sequence_idx" ON "AuditEvent"("action", "sequence");
CREATE INDEX "AuditEvent_at_idx" ON "AuditEvent"("at");
