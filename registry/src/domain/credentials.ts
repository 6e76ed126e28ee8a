import { limits, NomosError } from '@nomos/schemas';
import { type Actor, requireOwn } from './actor.js';
import type { AuditLog } from './audit/audit-log.js';
import type { Clock } from './clock.js';
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

  /** @throws NomosError NOT_FOUND, RETIRED, FORBIDDEN or TOO_MANY_REQUESTS. */
  issue(actor: Actor, application: string, description: string): Promise<IssuedCredential> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      await requireApplication(actor, application, repositories);
      const present = await repositories.credentials.list({ application, limit: CREDENTIALS_MAX });
      if (present.length >= CREDENTIALS_MAX) {
        const message = `The application "${application}" has ${CREDENTIALS_MAX} credentials, the most allowed.`;
        throw new NomosError('TOO_MANY_REQUESTS', message, { fix: 'Revoke those that are not in use.' });
      }
      const accessKey = createId();
      const secretKey = createSecret();
      const record: CredentialRecord = {
        accessKey,
        application,
        description,
        secretHash: hashSecret(secretKey),
        secretKeyEncrypted: this.#secrets.seal(secretKey, purposeOf(accessKey)),
        createdAt: this.#clock(),
      };
      await repositories.credentials.insert(record);
      await this.#record(repositories, actor, 'issue', record);
      await raiseAllRevisions(repositories);
      return { record, secretKey, token: `nomos_app_${accessKey}_${secretKey}` };
    });
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
    return this.#database.change({ catalog: true }, async (repositories) => {
      await findApplication(actor, application, repositories);
      const credential = await repositories.credentials.find(accessKey);
      if (credential?.application !== application || credential.revokedAt !== undefined) {
        const message = `The application "${application}" has no credential "${accessKey}".`;
        throw new NomosError('NOT_FOUND', message);
      }
      const now = this.#clock();
      await repositories.credentials.revoke(accessKey, now);
      await repositories.sessions.closeAllOf(accessKey, now, this.#grantGraceMs);
      await this.#record(repositories, actor, 'revoke', credential);
      await raiseAllRevisions(repositories);
    });
  }

  #record(
    repositories: Repositories,
    actor: Actor,
    verb: 'issue' | 'revoke',
    { accessKey, application, description }: CredentialRecord,
  ): Promise<void> {
    const state = verb === 'issue' ? 'after' : 'before';
    return this.#audit.record(repositories, actor, {
      ...{ action: `credential.${verb}`, subjectKind: 'credential', subject: accessKey },
      [state]: { accessKey, application, description },
    });
  }

  /** The secret key in clear, which only an edge may get. */
  reveal(record: CredentialRecord): string {
    return this.#secrets.open(record.secretKeyEncrypted, purposeOf(record.accessKey));
  }
}

function purposeOf(accessKey: string): string {
  return `credential:${accessKey}`;
}

async function findApplication(actor: Actor, code: string, repositories: Repositories) {
  const application = await repositories.applications.find([code]);
  if (application === undefined) throw new NomosError('NOT_FOUND', `There is no application "${code}".`);
  await requireOwn(actor, code, repositories);
  return application;
}

async function requireApplication(actor: Actor, code: string, repositories: Repositories): Promise<void> {
  const { status } = await findApplication(actor, code, repositories);
  if (status === 'requested') {
    throw new NomosError('NOT_APPROVED', `The application "${code}" is only requested.`);
  }
  if (status === 'retired') throw new NomosError('RETIRED', `The application "${code}" is retired.`);
}

/** A credential is good in every environment, so the edges of all must learn of it. */
async function raiseAllRevisions({ environments }: Repositories): Promise<void> {
  const codes = (await environments.list({})).map(({ code }) => code);
  await environments.raiseRevisions(codes);
}
