import { type createCredentialSchema, limits, NomosError, type rotateCredentialSchema } from '@nomos/schemas';
import type { z } from 'zod';
import { type Actor, operator, requireEnvironments, requireOwn } from './actor.js';
import type { AuditLog } from './audit/audit-log.js';
import type { Clock } from './clock.js';
import { touchesNothing } from './edge/edge-repository.js';
import { credentialLock } from './identity/credential-lock.js';
import { tokenText } from './identity/token-text.js';
import type { CredentialRecord, Database, PageQuery, Repositories } from './repositories.js';
import { createId, createSecret, hashSecret, type SecretBox } from './secrets.js';

/** Credentials that one application may have at a time: enough to rotate them one instance after another. */
const CREDENTIALS_MAX = 20;

/** A new credential with its secret, which is shown once. */
export interface IssuedCredential {
  readonly record: CredentialRecord;
  readonly secretKey: string;
  /** Both in one text, as the SDK takes it. */
  readonly token: string;
}

/** What an application proves itself with: to the registry as a token, to a broker as an access key. */
export class Credentials {
  readonly #database: Database;
  readonly #secrets: SecretBox;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #grantGraceMs: number;

  /** `grantGraceMs` is for how long a grant counts after its expiry while the registry cannot be reached. */
  constructor(database: Database, secrets: SecretBox, audit: AuditLog, clock: Clock, grantGraceMs: number) {
    this.#grantGraceMs = grantGraceMs;
    this.#database = database;
    this.#secrets = secrets;
    this.#audit = audit;
    this.#clock = clock;
  }

  /** @throws NomosError NOT_FOUND, RETIRED, FORBIDDEN, REQUEST_INVALID or TOO_MANY_REQUESTS. */
  issue(
    actor: Actor,
    application: string,
    { description, expiresAt }: z.output<typeof createCredentialSchema>,
  ): Promise<IssuedCredential> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      await requireApplication(actor, application, repositories);
      const issued = await this.#insert(application, description, expiresAt, repositories);
      await this.#record(repositories, actor, 'issue', undefined, issued.record);
      await raiseAllRevisions(application, repositories);
      return issued;
    });
  }

  /**
   * Issues a credential in the place of another, which stays good for the given time and then ends by itself: the
   * edges know both, and when the old one ends.
   *
   * @throws NomosError NOT_FOUND, RETIRED, FORBIDDEN, REQUEST_INVALID or TOO_MANY_REQUESTS.
   */
  rotate(
    actor: Actor,
    application: string,
    accessKey: string,
    { overlapSeconds, expiresAt }: z.output<typeof rotateCredentialSchema>,
  ): Promise<IssuedCredential> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      await requireApplication(actor, application, repositories);
      const before = await findCredential(application, accessKey, repositories);
      const issued = await this.#insert(application, before.description, expiresAt, repositories);
      const end = this.#clock().getTime() + overlapSeconds * 1000;
      const after = { ...before, expiresAt: new Date(Math.min(end, before.expiresAt?.getTime() ?? end)) };
      await repositories.credentials.update(after);
      await this.#record(repositories, actor, 'issue', undefined, issued.record);
      await this.#record(repositories, actor, 'rotate', before, after);
      await raiseAllRevisions(application, repositories);
      return issued;
    });
  }

  async #insert(
    application: string,
    description: string,
    end: string | undefined,
    repositories: Repositories,
  ): Promise<IssuedCredential> {
    const now = this.#clock();
    const expiresAt = end === undefined ? undefined : new Date(end);
    if (expiresAt !== undefined && expiresAt <= now) {
      const message = 'The time of expiry is in the past.';
      throw new NomosError('REQUEST_INVALID', 'The credential cannot be issued as asked.', {
        violations: [{ rule: 'expiry-past', where: 'expiresAt', message }],
      });
    }
    if ((await repositories.credentials.count(application, now)) >= CREDENTIALS_MAX) {
      const message = `The application "${application}" has ${CREDENTIALS_MAX} credentials, the most allowed.`;
      throw new NomosError('TOO_MANY_REQUESTS', message, { fix: 'Revoke those that are not in use.' });
    }
    const accessKey = createId();
    const secretKey = createSecret();
    const record: CredentialRecord = {
      ...{ accessKey, application, description },
      secretHash: hashSecret(secretKey),
      secretKeyEncrypted: this.#secrets.seal(secretKey, purposeOf(accessKey)),
      createdAt: now,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    await repositories.credentials.insert(record);
    return { record, secretKey, token: tokenText({ role: 'application', id: accessKey }, secretKey) };
  }

  /** @throws NomosError NOT_FOUND or FORBIDDEN. */
  async list(actor: Actor, application: string, query: PageQuery): Promise<CredentialRecord[]> {
    const { repositories } = this.#database;
    await findApplication(actor, application, repositories);
    const limit = Math.min(query.limit, limits.pageEntries + 1);
    return repositories.credentials.list({ ...query, limit, application });
  }

  /**
   * Takes a credential back, with the sessions that were opened by it: edges then refuse their grants too.
   *
   * @throws NomosError NOT_FOUND or FORBIDDEN.
   */
  revoke(actor: Actor, application: string, accessKey: string): Promise<void> {
    return this.#database.change(
      { catalog: true, names: [credentialLock(accessKey)] },
      async (repositories) => {
        requireEnvironments(actor, []);
        await findApplication(actor, application, repositories);
        const credential = await findCredential(application, accessKey, repositories);
        const now = this.#clock();
        await repositories.credentials.update({ ...credential, revokedAt: now });
        await repositories.sessions.closeAllOf(accessKey, now, this.#grantGraceMs);
        await this.#record(repositories, actor, 'revoke', credential, undefined);
        await raiseAllRevisions(application, repositories);
      },
    );
  }

  /** Whether a credential that is not revoked still counts. */
  stateOf({ expiresAt }: CredentialRecord): 'active' | 'expired' {
    return expiresAt !== undefined && expiresAt <= this.#clock() ? 'expired' : 'active';
  }

  #record(
    repositories: Repositories,
    actor: Actor,
    verb: 'issue' | 'rotate' | 'revoke',
    before: CredentialRecord | undefined,
    after: CredentialRecord | undefined,
  ): Promise<void> {
    return this.#audit.record(repositories, actor, {
      ...{
        action: `credential.${verb}`,
        subjectKind: 'credential',
        subject: (after ?? before)?.accessKey ?? '',
      },
      ...(before === undefined ? {} : { before: withoutSecrets(before) }),
      ...(after === undefined ? {} : { after: withoutSecrets(after) }),
    });
  }

  /** Encrypts with the present secret key what was encrypted with the one before. Returns how many. */
  async reseal(): Promise<number> {
    const { credentials } = this.#database.repositories;
    let count = 0;
    for (const { accessKey, secretKeyEncrypted } of await credentials.listGood(this.#clock())) {
      const resealed = this.#secrets.reseal(secretKeyEncrypted, purposeOf(accessKey));
      if (resealed === undefined) continue;
      await credentials.reseal(accessKey, resealed);
      count += 1;
    }
    if (count > 0) await this.#recordReseal(count);
    return count;
  }

  #recordReseal(count: number): Promise<void> {
    return this.#database.change({}, (repositories) =>
      this.#audit.record(repositories, operator, {
        ...{ action: 'secret-key.change', subjectKind: 'secret key', subject: 'credentials' },
        after: { credentials: count },
      }),
    );
  }

  /** The secret key in clear, which only an edge may get. */
  reveal(record: CredentialRecord): string {
    return this.#secrets.open(record.secretKeyEncrypted, purposeOf(record.accessKey));
  }
}

function purposeOf(accessKey: string): string {
  return `credential:${accessKey}`;
}

function withoutSecrets({ accessKey, application, description, expiresAt }: CredentialRecord): object {
  const end = expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() };
  return { accessKey, application, description, ...end };
}

async function findCredential(
  application: string,
  accessKey: string,
  { credentials }: Repositories,
): Promise<CredentialRecord> {
  const credential = await credentials.find(accessKey);
  if (credential?.application === application && credential.revokedAt === undefined) return credential;
  throw new NomosError('NOT_FOUND', `The application "${application}" has no credential "${accessKey}".`);
}

async function findApplication(actor: Actor, code: string, repositories: Repositories) {
  const application = await repositories.applications.find([code]);
  if (application === undefined) throw new NomosError('NOT_FOUND', `There is no application "${code}".`);
  await requireOwn(actor, code, repositories);
  return application;
}

async function requireApplication(actor: Actor, code: string, repositories: Repositories): Promise<void> {
  requireEnvironments(actor, []);
  const { status } = await findApplication(actor, code, repositories);
  if (status === 'requested') {
    throw new NomosError('NOT_APPROVED', `The application "${code}" is only requested.`);
  }
  if (status === 'retired') throw new NomosError('RETIRED', `The application "${code}" is retired.`);
}

/** A credential is good in every environment, so the edges of all must learn of it. */
async function raiseAllRevisions(application: string, { environments }: Repositories): Promise<void> {
  const codes = (await environments.list({})).map(({ code }) => code);
  await environments.raiseRevisions(codes.sort(), { ...touchesNothing, applications: [application] });
}
