CREATE TABLE "Norm" (
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "document" JSONB NOT NULL,
    "revision" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "firstActivatedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Norm_pkey" PRIMARY KEY ("name", "version")
);

CREATE TABLE "NormActivation" (
    "id" TEXT NOT NULL,
    "norm" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "activatedAt" TIMESTAMPTZ(3) NOT NULL,
    "warnFrom" TIMESTAMPTZ(3) NOT NULL,
    "blockFrom" TIMESTAMPTZ(3) NOT NULL,
    "previous" TEXT,

    CONSTRAINT "NormActivation_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "NormActivation_norm_version_idx" ON "NormActivation"("norm", "version");

ALTER TABLE "NormActivation" ADD CONSTRAINT "NormActivation_norm_version_fkey"
    FOREIGN KEY ("norm", "version") REFERENCES "Norm"("name", "version") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "NormScope" (
    "scope" TEXT NOT NULL,
    "activation" TEXT NOT NULL,

    CONSTRAINT "NormScope_pkey" PRIMARY KEY ("scope")
);

ALTER TABLE "NormScope" ADD CONSTRAINT "NormScope_activation_fkey"
    FOREIGN KEY ("activation") REFERENCES "NormActivation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

CREATE TABLE "NormObservation" (
    "norm" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "rules" TEXT[],
    "count" INTEGER NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "NormObservation_pkey" PRIMARY KEY ("norm", "version", "kind", "name")
);

CREATE TABLE "Waiver" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "rules" TEXT[],
    "owner" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "grantedAt" TIMESTAMPTZ(3) NOT NULL,
    "grantedBy" TEXT NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Waiver_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "Waiver_kind_name_idx" ON "Waiver"("kind", "name");

CREATE TABLE "ChangeMark" (
    "subject" TEXT NOT NULL,
    "mark" TEXT NOT NULL,

    CONSTRAINT "ChangeMark_pkey" PRIMARY KEY ("subject")
);

INSERT INTO "ChangeMark" VALUES ('norms', gen_random_uuid()), ('vocabularies', gen_random_uuid());

-- A mark is random and not counted, so that one which was seen in a transaction that failed never comes again.
CREATE FUNCTION "changeMark"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "ChangeMark" SET "mark" = gen_random_uuid() WHERE "subject" = TG_ARGV[0];
    RETURN NULL;
END
$$;

CREATE TRIGGER "Domain_change_mark" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Domain"
    FOR EACH STATEMENT EXECUTE FUNCTION "changeMark"('vocabularies');

CREATE TRIGGER "Application_change_mark" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Application"
    FOR EACH STATEMENT EXECUTE FUNCTION "changeMark"('vocabularies');

CREATE TRIGGER "NormScope_change_mark" AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "NormScope"
    FOR EACH STATEMENT EXECUTE FUNCTION "changeMark"('norms');

-- Numbers that two names share whenever one is easily taken for the other: of the name, of the name without each
-- one of its characters (two names that are one edit apart have such a text in common), and of what remains when
-- everything is left out that eyes skip. Names that share one are candidates; schemas/src/names decides.
CREATE FUNCTION "nearNameKeys"(name TEXT) RETURNS INTEGER[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT array_agg(hashtext(text))
    FROM (
        SELECT name AS text
        UNION ALL
        SELECT left(name, at - 1) || substr(name, at + 1) FROM generate_series(1, length(name)) AS at
        UNION ALL
        SELECT '~' || translate(
            regexp_replace(
                regexp_replace(lower(name COLLATE "C"), '([a-z0-9]{3})s(?![a-z0-9])', '\1', 'g'),
                '[^a-z0-9]+', '', 'g'
            ),
            'i01258', 'lolzsb'
        )
    ) AS texts
$$;

-- Without `fastupdate`, since every look-up would have to read the pending list.
CREATE INDEX "Topic_near_name_idx" ON "Topic" USING gin ("nearNameKeys"("name")) WITH (fastupdate = off);
CREATE INDEX "ProducerGroup_near_name_idx" ON "ProducerGroup" USING gin ("nearNameKeys"("name")) WITH (fastupdate = off);
CREATE INDEX "ConsumerGroup_near_name_idx" ON "ConsumerGroup" USING gin ("nearNameKeys"("name")) WITH (fastupdate = off);
