CREATE TABLE "SchemaSubject" (
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "compatibility" TEXT NOT NULL,
    "latest" INTEGER,
    "lastNumber" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "SchemaSubject_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "SchemaVersion" (
    "subject" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "contentId" TEXT NOT NULL,
    "schema" TEXT NOT NULL,
    "description" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "SchemaVersion_pkey" PRIMARY KEY ("subject", "version")
);

CREATE TABLE "SchemaReference" (
    "subject" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "targetSubject" TEXT NOT NULL,
    "targetVersion" INTEGER NOT NULL,

    CONSTRAINT "SchemaReference_pkey" PRIMARY KEY ("subject", "version", "name")
);

CREATE INDEX "SchemaSubject_application_idx" ON "SchemaSubject"("application");

CREATE INDEX "SchemaVersion_contentId_idx" ON "SchemaVersion"("contentId");

CREATE INDEX "SchemaReference_targetSubject_targetVersion_idx" ON "SchemaReference"("targetSubject", "targetVersion");

ALTER TABLE "SchemaSubject" ADD CONSTRAINT "SchemaSubject_application_fkey" FOREIGN KEY ("application") REFERENCES "Application"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "SchemaVersion" ADD CONSTRAINT "SchemaVersion_subject_fkey" FOREIGN KEY ("subject") REFERENCES "SchemaSubject"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "SchemaReference" ADD CONSTRAINT "SchemaReference_subject_version_fkey" FOREIGN KEY ("subject", "version") REFERENCES "SchemaVersion"("subject", "version") ON DELETE RESTRICT ON UPDATE CASCADE;

ALTER TABLE "SchemaReference" ADD CONSTRAINT "SchemaReference_targetSubject_targetVersion_fkey" FOREIGN KEY ("targetSubject", "targetVersion") REFERENCES "SchemaVersion"("subject", "version") ON DELETE RESTRICT ON UPDATE CASCADE;
