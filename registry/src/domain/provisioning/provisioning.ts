import {
  type Adoption,
  type BrokerAccess,
  NomosError,
  type PlannedOperation,
  type ProvisionedKind,
  type ProvisioningState,
  type Reconciling,
  type Violation,
} from '@nomos/schemas';
import { type Actor, operator, requireEnvironments } from '../actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { Database, Repositories } from '../repositories.js';
import type { SecretBox } from '../secrets.js';
import type { BrokerTarget } from './broker-admin.js';
import type { ProvisioningRecord, StoredAccess } from './provisioning-repository.js';

/** Operations that are shown of a plan; the rest are counted. */
const SHOWN_OPERATIONS = 100;

/** What an administrator says and asks about provisioning; what is done at brokers is the reconciler's. */
export class Provisioning {
  readonly #database: Database;
  readonly #secrets: SecretBox;
  readonly #audit: AuditLog;

  constructor(database: Database, secrets: SecretBox, audit: AuditLog) {
    this.#database = database;
    this.#secrets = secrets;
    this.#audit = audit;
  }

  /**
   * Gives access to the environment's broker, or other access; a secret key that is not given is not kept.
   *
   * @throws NomosError NOT_FOUND or RETIRED.
   */
  setAccess(actor: Actor, environment: string, access: BrokerAccess): Promise<void> {
    return this.#database.change({ names: [lockOf(environment)] }, async (repositories) => {
      await requireEnvironment(environment, repositories);
      requireEnvironments(actor, [environment]);
      const before = await repositories.provisioning.find(environment);
      if (before !== undefined && this.#isSame(before, access)) return;
      const { secretKey, certificateAuthority, accessKey, ...rest } = access;
      const stored: StoredAccess = {
        ...{ environment, ...rest },
        ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
        ...(accessKey === undefined ? {} : { accessKey }),
        ...(secretKey === undefined
          ? {}
          : { secretKeyEncrypted: this.#secrets.seal(secretKey, purposeOf(environment)) }),
      };
      // At another broker nothing is known of what is there.
      const isElsewhere = before?.endpoints.every((endpoint) => !access.endpoints.includes(endpoint));
      if (isElsewhere === true) await repositories.provisioning.remove(environment);
      await repositories.provisioning.saveAccess(stored);
      await this.#audit.record(repositories, actor, {
        ...{ action: 'provisioning.set-access', subjectKind: 'environment', subject: environment },
        ...(before === undefined ? {} : { before: shownAccess(before) }),
        after: shownAccess(stored),
      });
    });
  }

  /**
   * Ends the managing of an environment's broker; nothing changes there.
   *
   * @throws NomosError NOT_FOUND.
   */
  removeAccess(actor: Actor, environment: string): Promise<void> {
    return this.#database.change({ names: [lockOf(environment)] }, async (repositories) => {
      const before = await requireManaged(environment, repositories);
      requireEnvironments(actor, [environment]);
      await repositories.provisioning.remove(environment);
      await this.#audit.record(repositories, actor, {
        ...{ action: 'provisioning.remove-access', subjectKind: 'environment', subject: environment },
        before: shownAccess(before),
      });
    });
  }

  /**
   * Gives entries that were at the broker before into the registry's hands: from then on they are changed and
   * deleted with the catalog.
   *
   * @throws NomosError NOT_FOUND, RETIRED, or REQUEST_INVALID for what the catalog does not have there.
   */
  adopt(actor: Actor, environment: string, { topics, consumerGroups, reason }: Adoption): Promise<void> {
    return this.#database.change({ catalog: true }, async (repositories) => {
      await requireManaged(environment, repositories);
      requireEnvironments(actor, [environment]);
      const { provisioning } = repositories;
      const violations: Violation[] = [];
      const results: { kind: ProvisionedKind; name: string; origin: 'adopted' }[] = [];
      for (const [kind, field, names] of [
        ['topic', 'topics', topics],
        ['consumer-group', 'consumerGroups', consumerGroups],
      ] as const) {
        const wanted = new Set(await provisioning.listWanted(environment, kind, names));
        for (const [index, name] of names.entries()) {
          if (wanted.has(name)) results.push({ kind, name, origin: 'adopted' });
          else violations.push(notInCatalog(`${field}[${index}]`, environment));
        }
      }
      if (violations.length > 0) {
        throw new NomosError('REQUEST_INVALID', 'Only what the catalog has can be adopted.', {
          violations,
          fix: 'Register the entries named in the violations in this environment first.',
        });
      }
      await provisioning.saveResults(environment, [
        ...new Map(results.map((one) => [keyOf(one), one])).values(),
      ]);
      await this.#audit.record(repositories, actor, {
        ...{ action: 'provisioning.adopt', subjectKind: 'environment', subject: environment },
        after: { topics, consumerGroups, ...(reason === undefined ? {} : { reason }) },
      });
    });
  }

  /**
   * Writes down who has the broker compared with the catalog now, and whether what differs is to be set right.
   *
   * @throws NomosError NOT_FOUND or FORBIDDEN.
   */
  recordReconciling(actor: Actor, environment: string, { repair }: Reconciling): Promise<void> {
    return this.#database.change({}, async (repositories) => {
      const { driftPolicy } = await requireManaged(environment, repositories);
      requireEnvironments(actor, [environment]);
      await this.#audit.record(repositories, actor, {
        ...{ action: 'provisioning.reconcile', subjectKind: 'environment', subject: environment },
        after: { repair: repair ?? driftPolicy === 'repair' },
      });
    });
  }

  /** Encrypts with the present secret key what was encrypted with the one before. Returns how many. */
  async reseal(): Promise<number> {
    const { environments } = this.#database.repositories;
    let count = 0;
    for (const { code } of await environments.list({ includeRetired: true })) {
      if (await this.#resealOf(code)) count += 1;
    }
    if (count > 0) await this.#recordReseal(count);
    return count;
  }

  #resealOf(environment: string): Promise<boolean> {
    return this.#database.change({ names: [lockOf(environment)] }, async ({ provisioning }) => {
      const sealed = (await provisioning.find(environment))?.secretKeyEncrypted;
      const resealed = sealed && this.#secrets.reseal(sealed, purposeOf(environment));
      if (resealed === undefined) return false;
      await provisioning.reseal(environment, resealed);
      return true;
    });
  }

  #recordReseal(count: number): Promise<void> {
    return this.#database.change({}, (repositories) =>
      this.#audit.record(repositories, operator, {
        ...{ action: 'secret-key.change', subjectKind: 'secret key', subject: 'broker-access' },
        after: { environments: count },
      }),
    );
  }

  /** @throws NomosError NOT_FOUND when there is no such environment. */
  state(environment: string): Promise<ProvisioningState> {
    return this.#database.snapshot(async (repositories) => {
      const { environments, provisioning } = repositories;
      if ((await environments.find([environment])) === undefined) throw unknownEnvironment(environment);
      const record = await provisioning.find(environment);
      if (record === undefined) return { environment, state: 'not-managed' };
      const catalog = await environments.revision(environment);
      const plan = await planOf(environment, repositories);
      const [found] = await provisioning.listFound(environment, { limit: 1 });
      return {
        ...{
          environment,
          state: stateOf(record, plan.total, found !== undefined),
          access: shownAccess(record),
        },
        revision: { catalog, provisioned: record.revision },
        ...timesOf(record),
        ...errorOf(record),
        managed: await provisioning.countEntries(environment),
        plan,
        drift: { total: record.driftTotal, items: [...record.drift] },
      };
    });
  }

  /** How the reconciler reaches the broker, with the secret key in clear. */
  target(record: ProvisioningRecord): BrokerTarget {
    const { environment, endpoints, tls, certificateAuthority, accessKey, secretKeyEncrypted } = record;
    return {
      ...{ endpoints, tls },
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      ...(accessKey === undefined || secretKeyEncrypted === undefined
        ? {}
        : {
            credentials: {
              accessKey,
              secretKey: this.#secrets.open(secretKeyEncrypted, purposeOf(environment)),
            },
          }),
    };
  }

  #isSame(record: ProvisioningRecord, access: BrokerAccess): boolean {
    const { credentials, ...rest } = this.target(record);
    const { driftPolicy, endpoints, tls, certificateAuthority } = access;
    return (
      record.driftPolicy === driftPolicy &&
      JSON.stringify(rest) === JSON.stringify({ endpoints, tls, certificateAuthority }) &&
      credentials?.accessKey === access.accessKey &&
      credentials?.secretKey === access.secretKey
    );
  }
}

/** @throws NomosError NOT_FOUND. */
export async function requireManaged(
  environment: string,
  { environments, provisioning }: Repositories,
): Promise<ProvisioningRecord> {
  if ((await environments.find([environment])) === undefined) throw unknownEnvironment(environment);
  const record = await provisioning.find(environment);
  if (record !== undefined) return record;
  throw new NomosError('NOT_FOUND', `The broker of the environment "${environment}" is not managed.`, {
    fix: 'Give access to it with PUT /v1/environments/{code}/provisioning.',
  });
}

async function requireEnvironment(environment: string, { environments }: Repositories): Promise<void> {
  const found = await environments.find([environment]);
  if (found === undefined) throw unknownEnvironment(environment);
  if (found.status !== 'retired') return;
  throw new NomosError('RETIRED', `The environment "${environment}" is retired.`);
}

async function planOf(
  environment: string,
  { provisioning }: Repositories,
): Promise<NonNullable<ProvisioningState['plan']>> {
  const page = { limit: SHOWN_OPERATIONS };
  const pending = (await provisioning.listPending(environment, page)).map(
    ({ kind, name, settings, applied, error }): PlannedOperation => ({
      ...{ operation: applied ? 'update' : 'create', kind, name, settings: { ...settings } },
      ...(error === undefined ? {} : { error }),
    }),
  );
  const unwanted = (await provisioning.listUnwanted(environment, page)).map(
    ({ kind, name, origin, whenRetired, error }): PlannedOperation => {
      const isOurs = origin === 'created' || origin === 'adopted';
      const operation = isOurs && whenRetired === 'delete' ? 'delete' : 'release';
      return { operation, kind, name, ...(error === undefined ? {} : { error }) };
    },
  );
  const operations = [...pending, ...unwanted].slice(0, SHOWN_OPERATIONS);
  return { total: await provisioning.countPlan(environment), operations };
}

function stateOf(
  { failures, drift }: ProvisioningRecord,
  planned: number,
  hasFound: boolean,
): ProvisioningState['state'] {
  if (failures > 0) return 'failing';
  if (planned > 0) return 'pending';
  const drifts =
    hasFound ||
    drift.some(({ drift: kind, repairedAt }) => (kind === 'missing' || kind === 'changed') && !repairedAt);
  return drifts ? 'drifting' : 'in-sync';
}

function timesOf({ lastAttemptAt, lastSuccessAt, checkedAt }: ProvisioningRecord) {
  return {
    ...(lastAttemptAt && { lastAttemptAt: lastAttemptAt.toISOString() }),
    ...(lastSuccessAt && { lastSuccessAt: lastSuccessAt.toISOString() }),
    ...(checkedAt && { checkedAt: checkedAt.toISOString() }),
  };
}

function errorOf({ errorCode, errorMessage, failingSince, failures }: ProvisioningRecord) {
  if (errorCode === undefined || errorMessage === undefined || failingSince === undefined) return {};
  const error = {
    code: errorCode,
    message: errorMessage,
    since: failingSince.toISOString(),
    attempts: failures,
  };
  return { error };
}

/** Access without its secret. */
function shownAccess({ endpoints, tls, accessKey, driftPolicy }: StoredAccess) {
  return {
    ...{ endpoints: [...endpoints], tls, driftPolicy },
    ...(accessKey === undefined ? {} : { accessKey }),
  };
}

function notInCatalog(where: string, environment: string): Violation {
  return {
    ...{ rule: 'reference', where },
    message: `The catalog does not have it in the environment "${environment}".`,
  };
}

function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}

function unknownEnvironment(environment: string): NomosError {
  return new NomosError('NOT_FOUND', `There is no environment "${environment}".`);
}

function lockOf(environment: string): string {
  return `provisioning:${environment}`;
}

function purposeOf(environment: string): string {
  return `broker-access:${environment}`;
}
