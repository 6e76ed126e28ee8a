-- Topics that are there already get what a topic gets for which nothing is given: 7 days, and 10 minutes. The
-- defaults themselves are then dropped, because the registry writes every value.
ALTER TABLE "Topic"
    ADD COLUMN "retention" JSONB NOT NULL DEFAULT '{"ageMs": 604800000}',
    ADD COLUMN "deduplicationWindowMs" INTEGER NOT NULL DEFAULT 600000;

ALTER TABLE "Topic"
    ALTER COLUMN "retention" DROP DEFAULT,
    ALTER COLUMN "deduplicationWindowMs" DROP DEFAULT;
