-- CreateEnum
CREATE TYPE "Status" AS ENUM ('active', 'retired');

-- CreateEnum
CREATE TYPE "MessageType" AS ENUM ('NORMAL', 'FIFO', 'DELAY', 'TRANSACTION');

-- CreateEnum
CREATE TYPE "Classification" AS ENUM ('public', 'internal', 'confidential');

-- CreateTable
CREATE TABLE "Domain" (
    "code" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Domain_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "Team" (
    "code" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "contacts" JSONB NOT NULL,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Team_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "Application" (
    "code" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "team" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Application_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "Environment" (
    "code" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "endpoints" TEXT[],
    "revision" INTEGER NOT NULL DEFAULT 1,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Environment_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "Topic" (
    "name" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "environments" TEXT[],
    "messageType" "MessageType" NOT NULL,
    "queues" INTEGER NOT NULL,
    "publishers" TEXT[],
    "classification" "Classification" NOT NULL,
    "runbook" TEXT,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Topic_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "ProducerGroup" (
    "name" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "environments" TEXT[],
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ProducerGroup_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "ConsumerGroup" (
    "name" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "environments" TEXT[],
    "mode" TEXT NOT NULL,
    "retry" JSONB NOT NULL,
    "idempotence" TEXT NOT NULL,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ConsumerGroup_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "Subscription" (
    "group" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "filterType" TEXT NOT NULL,
    "filterExpression" TEXT NOT NULL,
    "status" "Status" NOT NULL,
    "version" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Subscription_pkey" PRIMARY KEY ("group","topic")
);

-- CreateTable
CREATE TABLE "Credential" (
    "accessKey" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "secretHash" BYTEA NOT NULL,
    "secretKeyEncrypted" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Credential_pkey" PRIMARY KEY ("accessKey")
);

-- CreateTable
CREATE TABLE "Token" (
    "id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "team" TEXT,
    "environment" TEXT,
    "embedded" BOOLEAN NOT NULL DEFAULT false,
    "secretHash" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" TEXT NOT NULL,
    "application" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "sdk" TEXT NOT NULL,
    "credential" TEXT NOT NULL,
    "manifest" JSONB NOT NULL,
    "producerGroups" TEXT[],
    "consumerGroups" TEXT[],
    "openedAt" TIMESTAMPTZ(3) NOT NULL,
    "lastSeenAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "closedAt" TIMESTAMPTZ(3),
    "revokedUntil" TIMESTAMPTZ(3),
    "grantExpiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SigningKey" (
    "kid" TEXT NOT NULL,
    "publicKey" TEXT NOT NULL,
    "privateKeyEncrypted" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "SigningKey_pkey" PRIMARY KEY ("kid")
);

-- CreateIndex
CREATE INDEX "Application_team_idx" ON "Application"("team");

-- CreateIndex
CREATE INDEX "Application_domain_idx" ON "Application"("domain");

-- CreateIndex
CREATE INDEX "Topic_application_idx" ON "Topic"("application");

-- CreateIndex
CREATE INDEX "Topic_environments_idx" ON "Topic" USING GIN ("environments");

-- CreateIndex
CREATE INDEX "Topic_publishers_idx" ON "Topic" USING GIN ("publishers");

-- CreateIndex
CREATE INDEX "ProducerGroup_application_idx" ON "ProducerGroup"("application");

-- CreateIndex
CREATE INDEX "ProducerGroup_environments_idx" ON "ProducerGroup" USING GIN ("environments");

-- CreateIndex
CREATE INDEX "ConsumerGroup_application_idx" ON "ConsumerGroup"("application");

-- CreateIndex
CREATE INDEX "ConsumerGroup_environments_idx" ON "ConsumerGroup" USING GIN ("environments");

-- CreateIndex
CREATE INDEX "Subscription_topic_idx" ON "Subscription"("topic");

-- CreateIndex
CREATE INDEX "Credential_application_idx" ON "Credential"("application");

-- CreateIndex
CREATE INDEX "Session_application_idx" ON "Session"("application");

-- CreateIndex
CREATE INDEX "Session_environment_revokedUntil_idx" ON "Session"("environment", "revokedUntil");

-- CreateIndex
CREATE INDEX "Session_credential_idx" ON "Session"("credential");

-- CreateIndex
CREATE INDEX "Session_producerGroups_idx" ON "Session" USING GIN ("producerGroups");

-- CreateIndex
CREATE INDEX "Session_consumerGroups_idx" ON "Session" USING GIN ("consumerGroups");

-- CreateIndex
CREATE INDEX "Session_grantExpiresAt_idx" ON "Session"("grantExpiresAt");

-- AddForeignKey
ALTER TABLE "Application" ADD CONSTRAINT "Application_team_fkey" FOREIGN KEY ("team") REFERENCES "Team"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Application" ADD CONSTRAINT "Application_domain_fkey" FOREIGN KEY ("domain") REFERENCES "Domain"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Topic" ADD CONSTRAINT "Topic_application_fkey" FOREIGN KEY ("application") REFERENCES "Application"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProducerGroup" ADD CONSTRAINT "ProducerGroup_application_fkey" FOREIGN KEY ("application") REFERENCES "Application"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConsumerGroup" ADD CONSTRAINT "ConsumerGroup_application_fkey" FOREIGN KEY ("application") REFERENCES "Application"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_group_fkey" FOREIGN KEY ("group") REFERENCES "ConsumerGroup"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Subscription" ADD CONSTRAINT "Subscription_topic_fkey" FOREIGN KEY ("topic") REFERENCES "Topic"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Credential" ADD CONSTRAINT "Credential_application_fkey" FOREIGN KEY ("application") REFERENCES "Application"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Token" ADD CONSTRAINT "Token_team_fkey" FOREIGN KEY ("team") REFERENCES "Team"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Token" ADD CONSTRAINT "Token_environment_fkey" FOREIGN KEY ("environment") REFERENCES "Environment"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_application_fkey" FOREIGN KEY ("application") REFERENCES "Application"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_environment_fkey" FOREIGN KEY ("environment") REFERENCES "Environment"("code") ON DELETE RESTRICT ON UPDATE CASCADE;

