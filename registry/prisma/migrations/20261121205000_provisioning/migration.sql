CREATE TYPE "WhenRetired" AS ENUM ('keep', 'delete');

ALTER TABLE "Topic" ADD COLUMN "whenRetired" "WhenRetired" NOT NULL DEFAULT 'keep';

ALTER TABLE "ConsumerGroup" ADD COLUMN "whenRetired" "WhenRetired" NOT NULL DEFAULT 'keep';

CREATE TABLE "ProvisionedEnvironment" (
    "environment" TEXT NOT NULL,
    "endpoints" TEXT[],
    "tls" BOOLEAN NOT NULL,
    "certificateAuthority" TEXT,
    "accessKey" TEXT,
    "secretKeyEncrypted" BYTEA,
    "driftPolicy" TEXT NOT NULL,
    "accessVersion" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL,
    "failures" INTEGER NOT NULL,
    "failingSince" TIMESTAMPTZ(3),
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "lastAttemptAt" TIMESTAMPTZ(3),
    "lastSuccessAt" TIMESTAMPTZ(3),
    "checkedAt" TIMESTAMPTZ(3),
    "nextAttemptAt" TIMESTAMPTZ(3) NOT NULL,
    "drift" JSONB NOT NULL,
    "driftTotal" INTEGER NOT NULL,
    "leaseHolder" TEXT,
    "leaseUntil" TIMESTAMPTZ(3),

    CONSTRAINT "ProvisionedEnvironment_pkey" PRIMARY KEY ("environment"),
    CONSTRAINT "ProvisionedEnvironment_environment_fkey" FOREIGN KEY ("environment")
        REFERENCES "Environment"("code") ON DELETE RESTRICT ON UPDATE CASCADE
);

CREATE TABLE "ProvisionedEntry" (
    "environment" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "settings" JSONB,
    "error" TEXT,

    CONSTRAINT "ProvisionedEntry_pkey" PRIMARY KEY ("environment", "kind", "name"),
    CONSTRAINT "ProvisionedEntry_environment_fkey" FOREIGN KEY ("environment")
        REFERENCES "ProvisionedEnvironment"("environment") ON DELETE CASCADE ON UPDATE CASCADE
);
