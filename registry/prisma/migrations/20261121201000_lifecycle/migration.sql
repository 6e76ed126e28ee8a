ALTER TYPE "Status" ADD VALUE 'requested' BEFORE 'active';
ALTER TYPE "Status" ADD VALUE 'deprecated' BEFORE 'retired';

ALTER TABLE "Domain" ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "Team" ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "Application" ADD COLUMN "deprecation" JSONB, ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "Environment" ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "ProducerGroup" ADD COLUMN "deprecation" JSONB, ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "Subscription" ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "Topic"
    ADD COLUMN "expectedRate" JSONB,
    ADD COLUMN "labels" TEXT[],
    ADD COLUMN "deprecation" JSONB,
    ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);
ALTER TABLE "ConsumerGroup"
    ADD COLUMN "runbook" TEXT,
    ADD COLUMN "expectedInstances" INTEGER,
    ADD COLUMN "deprecation" JSONB,
    ADD COLUMN "reservedUntil" TIMESTAMPTZ(3);

UPDATE "Topic" SET "labels" = '{}';

-- Names that are retired already stay reserved for as long as those that are retired from now on do by default.
UPDATE "Domain" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';
UPDATE "Team" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';
UPDATE "Application" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';
UPDATE "Environment" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';
UPDATE "Topic" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';
UPDATE "ProducerGroup" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';
UPDATE "ConsumerGroup" SET "reservedUntil" = "updatedAt" + interval '180 days' WHERE "status" = 'retired';

-- Lists are narrowed by these and are in the order of names; one column more finds and orders at once.
DROP INDEX "Topic_application_idx";
CREATE INDEX "Topic_application_name_idx" ON "Topic"("application", "name");
CREATE INDEX "Topic_messageType_name_idx" ON "Topic"("messageType", "name");
CREATE INDEX "Topic_classification_name_idx" ON "Topic"("classification", "name");
CREATE INDEX "Topic_status_name_idx" ON "Topic"("status", "name");
CREATE INDEX "Topic_labels_idx" ON "Topic" USING GIN ("labels");
DROP INDEX "ProducerGroup_application_idx";
CREATE INDEX "ProducerGroup_application_name_idx" ON "ProducerGroup"("application", "name");
CREATE INDEX "ProducerGroup_status_name_idx" ON "ProducerGroup"("status", "name");
DROP INDEX "ConsumerGroup_application_idx";
CREATE INDEX "ConsumerGroup_application_name_idx" ON "ConsumerGroup"("application", "name");
CREATE INDEX "ConsumerGroup_status_name_idx" ON "ConsumerGroup"("status", "name");

CREATE TABLE "EntryVersion" (
    "collection" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actorRole" TEXT NOT NULL,
    "actorId" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "entry" JSONB NOT NULL,

    CONSTRAINT "EntryVersion_pkey" PRIMARY KEY ("collection", "key", "version")
);

-- The present state of what is there already is its first known version. Nobody knows any more who made it so.
CREATE FUNCTION "entryOf"("row" JSONB, "createdAt" TIMESTAMPTZ, "updatedAt" TIMESTAMPTZ, "reservedUntil" TIMESTAMPTZ)
RETURNS JSONB LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls($1 || jsonb_build_object(
        'createdAt', to_char($2 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'updatedAt', to_char($3 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'reservedUntil', to_char($4 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ))
$$;

INSERT INTO "EntryVersion"
SELECT "collection", "key", "version", "updatedAt", 'platform-admin', 'migration', "noun" || '.migrate',
       "entryOf"("row", "createdAt", "updatedAt", "reservedUntil")
FROM (
    SELECT 'domains' AS "collection", 'domain' AS "noun", "code" AS "key", "version", "createdAt", "updatedAt",
           "reservedUntil", to_jsonb(t) AS "row" FROM "Domain" t
    UNION ALL
    SELECT 'teams', 'team', "code", "version", "createdAt", "updatedAt", "reservedUntil", to_jsonb(t) FROM "Team" t
    UNION ALL
    SELECT 'applications', 'application', "code", "version", "createdAt", "updatedAt", "reservedUntil", to_jsonb(t)
    FROM "Application" t
    UNION ALL
    SELECT 'environments', 'environment', "code", "version", "createdAt", "updatedAt", "reservedUntil",
           to_jsonb(t) - 'revision' FROM "Environment" t
    UNION ALL
    SELECT 'topics', 'topic', "name", "version", "createdAt", "updatedAt", "reservedUntil",
           to_jsonb(t) || '{"labels": {}}' FROM "Topic" t
    UNION ALL
    SELECT 'producer-groups', 'producer-group', "name", "version", "createdAt", "updatedAt", "reservedUntil",
           to_jsonb(t) FROM "ProducerGroup" t
    UNION ALL
    SELECT 'consumer-groups', 'consumer-group', "name", "version", "createdAt", "updatedAt", "reservedUntil",
           to_jsonb(t) FROM "ConsumerGroup" t
    UNION ALL
    SELECT 'subscriptions', 'subscription', "group" || '/' || "topic", "version", "createdAt", "updatedAt",
           "reservedUntil", to_jsonb(t) - 'filterType' - 'filterExpression'
               || jsonb_build_object('filter', jsonb_build_object('type', "filterType", 'expression', "filterExpression"))
    FROM "Subscription" t
) AS "present";

DROP FUNCTION "entryOf";

CREATE TABLE "SearchEntry" (
    "key" TEXT COLLATE "C" NOT NULL,
    "collection" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "application" TEXT,
    "environments" TEXT[],
    "status" "Status" NOT NULL,
    "nameText" TEXT COLLATE "C" NOT NULL,
    "text" TEXT NOT NULL,
    "nameGrams" TEXT[],
    "grams" TEXT[],

    CONSTRAINT "SearchEntry_pkey" PRIMARY KEY ("key", "collection")
);

-- Substrings are found by what pg_trgm does, without the extension, which not every Postgres has and not every
-- user may create: every text that holds a word holds all its runs of three characters.
CREATE FUNCTION "searchGrams"("text" TEXT) RETURNS TEXT[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr($1, place, 3)), '{}') FROM generate_series(1, length($1) - 2) AS place
$$;

CREATE FUNCTION "setSearchGrams"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."nameGrams" := "searchGrams"(NEW."nameText");
    NEW."grams" := "searchGrams"(NEW."text");
    RETURN NEW;
END
$$;

CREATE TRIGGER "SearchEntry_grams"
    BEFORE INSERT OR UPDATE ON "SearchEntry"
    FOR EACH ROW EXECUTE FUNCTION "setSearchGrams"();

-- What is there already, its texts as search-repository.ts would write them (for letters beyond ASCII as the
-- database's own rules have it, until the entry changes).
INSERT INTO "SearchEntry" ("key", "collection", "description", "application", "environments", "status", "nameText", "text")
SELECT "key", "collection", "description", "application", "environments", "status", "words", "words" || "more"
FROM (
    SELECT *, ' ' || lower(regexp_replace("key", '[^[:alnum:]]+', ' ', 'g')) || ' ' AS "words",
           lower(regexp_replace("description", '[^[:alnum:]]+', ' ', 'g')) || ' ' AS "more"
    FROM (
        SELECT "code" AS "key", 'domains' AS "collection", "description", NULL AS "application",
               '{}'::text[] AS "environments", "status" FROM "Domain"
        UNION ALL SELECT "code", 'teams', "description", NULL, '{}', "status" FROM "Team"
        UNION ALL SELECT "code", 'applications', "description", "code", '{}', "status" FROM "Application"
        UNION ALL SELECT "code", 'environments', "description", NULL, ARRAY["code"], "status" FROM "Environment"
        UNION ALL SELECT "name", 'topics', "description", "application", "environments", "status" FROM "Topic"
        UNION ALL SELECT "name", 'producer-groups', "description", "application", "environments", "status" FROM "ProducerGroup"
        UNION ALL SELECT "name", 'consumer-groups', "description", "application", "environments", "status" FROM "ConsumerGroup"
    ) AS "entries"
) AS "present";

CREATE INDEX "SearchEntry_nameText_idx" ON "SearchEntry"("nameText");
CREATE INDEX "SearchEntry_collection_nameText_idx" ON "SearchEntry"("collection", "nameText");
CREATE INDEX "SearchEntry_application_nameText_idx" ON "SearchEntry"("application", "nameText");
CREATE INDEX "SearchEntry_nameGrams_idx" ON "SearchEntry" USING GIN ("nameGrams");
CREATE INDEX "SearchEntry_grams_idx" ON "SearchEntry" USING GIN ("grams");
