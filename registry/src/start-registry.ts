import { hostname } from 'node:os';
import {
  type BrokerAccess,
  brokerAccessSchema,
  compileNorm,
  createEnvironmentSchema,
  defaultNorm,
  type Logger,
  NomosError,
  silentLogger,
} from '@nomos/schemas';
import type { z } from 'zod';
import { checkDataFolder, markDataFolder, readPreviousSecretKey, readSecretKey } from './data-folder.js';
import { operator } from './domain/actor.js';
import { defaultSessionTimes, Sessions, type SessionTimes } from './domain/admission/sessions.js';
import { SubscriptionChanges } from './domain/admission/subscription-changes.js';
import { ApprovalGate } from './domain/approvals/approval-gate.js';
import { Approvals } from './domain/approvals/approvals.js';
import { AuditLog } from './domain/audit/audit-log.js';
import { AuditTrail } from './domain/audit/audit-trail.js';
import { ApprovedChanges } from './domain/catalog/approved-changes.js';
import { Catalog } from './domain/catalog/catalog.js';
import { environments } from './domain/catalog/environments.js';
import { NameJudge } from './domain/catalog/name-judge.js';
import { type Clock, systemClock } from './domain/clock.js';
import { Credentials } from './domain/credentials.js';
import { EdgeBundles } from './domain/edge-bundle.js';
import { GrantSigner } from './domain/grants.js';
import { IdempotentCalls } from './domain/idempotency/idempotent-calls.js';
import { Authenticator } from './domain/identity/authenticator.js';
import { hasAdminRole, type OidcOptions, parseOidcOptions } from './domain/identity/oidc-options.js';
import { OidcVerifier } from './domain/identity/oidc-verifier.js';
import { Notices } from './domain/notices/notices.js';
import { Provisioning } from './domain/provisioning/provisioning.js';
import {
  defaultReconcilerTimes,
  Reconciler,
  type ReconcilerTimes,
} from './domain/provisioning/reconciler.js';
import { Recycling } from './domain/recycling/recycling.js';
import { RevisionWatch } from './domain/revision-watch.js';
import { Schemas } from './domain/schemas/schemas.js';
import { createId, SecretBox } from './domain/secrets.js';
import { Tokens } from './domain/tokens.js';
import { WhoisDesk } from './domain/whois/whois.js';
import { type AppSettings, createApp } from './http/express-app.js';
import { listen } from './http/http-server.js';
import { Metrics } from './http/metrics.js';
import { generateOpenApi, readVersion } from './http/openapi.js';
import { defaultRequestLimits, RequestGate, type RequestLimits } from './http/request-gate.js';
import { allRoutes } from './http/routes/all-routes.js';
import type { Services } from './http/services.js';
import { readOidcSettings } from './oidc-settings.js';
import { startPostgres } from './postgres/start-postgres.js';
import { RemotingBrokerAdmin } from './remoting/remoting-broker-admin.js';
import { ensureDatabase, prepareDatabase } from './store/prepare-database.js';
import { PrismaDatabase } from './store/prisma-database.js';

const DATABASE_NAME = 'nomos';
const PURGE_INTERVAL_MS = 10 * 60 * 1000;
/** How soon a subscription change goes on after its next step has become possible. */
const ADVANCE_INTERVAL_MS = 1_000;

/** Where and how a registry runs. */
export interface RegistryOptions extends AppSettings {
  /** Keys, and the embedded database if there is no other; made if missing. */
  readonly dataFolder: string;
  /** A Postgres of your own, instead of the embedded one. */
  readonly databaseUrl?: string;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /**
   * 64 hexadecimal digits that encrypt secrets in the database; the environment variable NOMOS_SECRET_KEY,
   * or the file `secret.key` of the data folder by default. Registries on one database need the same.
   */
  readonly secretKey?: string;
  /**
   * The key that `secretKey` takes the place of: the start encrypts anew what it encrypted. The environment variable
   * NOMOS_SECRET_KEY_PREVIOUS by default.
   */
  readonly previousSecretKey?: string;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly sessionTimes?: Partial<SessionTimes>;
  /** For how long the name of a retired entry stays reserved; 180 days by default. */
  readonly nameReservationMs?: number;
  /** An identity provider whose users may sign in; the variables NOMOS_OIDC_… by default. */
  readonly oidc?: OidcOptions;
  /** How many calls are let through; see `defaultRequestLimits`. */
  readonly requestLimits?: Partial<RequestLimits>;
  /**
   * Proxies between clients and this server, so that limits count the clients' addresses; NOMOS_TRUSTED_PROXIES or
   * none by default. With more than there are, a client can pretend to have any address.
   */
  readonly trustedProxies?: number;
  readonly reconcilerTimes?: Partial<ReconcilerTimes>;
}

/** An environment as its creation describes it. */
export type EnvironmentDescription = z.input<typeof createEnvironmentSchema>;

/** How the broker of an environment is reached by its administrator. */
export type BrokerAccessDescription = z.input<typeof brokerAccessSchema>;

/** A running registry. */
export interface Registry {
  readonly url: string;
  /** A platform admin's token, only from a start that found none good; it is never shown again. */
  readonly firstAdminToken?: string;
  /** Holds the password of the database. */
  readonly databaseUrl: string;
  /** A token for an edge in this process; it replaces the earlier one. @throws NomosError NOT_FOUND. */
  issueEdgeToken(environment: string): Promise<string>;
  /** Registers an environment, or changes it to the description. @throws NomosError RETIRED or REQUEST_INVALID. */
  ensureEnvironment(description: EnvironmentDescription): Promise<void>;
  /** Lets the registry provision an environment's broker; a drift policy that was set stays. @throws NomosError NOT_FOUND. */
  manageBroker(environment: string, access: BrokerAccessDescription): Promise<void>;
  /** Finishes running calls, then stops everything that was started. */
  close(): Promise<void>;
}

/**
 * Starts a registry with everything it needs.
 *
 * @throws NomosError DATA_FOLDER_UNUSABLE, CONFIGURATION_INVALID, PORT_IN_USE or UNAVAILABLE; nothing runs then.
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) await next();
  };
  try {
    return await start(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each part adds to `closers` how it is stopped; the last one started is stopped first. */
async function start(
  options: RegistryOptions,
  closers: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<Registry> {
  const { dataFolder, log = silentLogger } = options;
  await checkDataFolder(dataFolder);
  const databaseUrl = options.databaseUrl ?? (await startEmbedded(dataFolder, log, closers));
  await markDataFolder(dataFolder);
  const secretKey = await readSecretKey(dataFolder, options.secretKey ?? process.env.NOMOS_SECRET_KEY);
  const previousSecretKey = readPreviousSecretKey(
    options.previousSecretKey ?? process.env.NOMOS_SECRET_KEY_PREVIOUS,
  );
  const secrets = new SecretBox(secretKey, previousSecretKey);
  await prepareDatabase(databaseUrl, log);

  const onRevisionsRaised = (codes: ReadonlySet<string>) => {
    watch.changed(codes);
    services.reconciler.wake();
  };
  const database = new PrismaDatabase({ url: databaseUrl, log, onRevisionsRaised });
  closers.push(() => database.close());
  const watch = new RevisionWatch(database.repositories.environments, log);
  const oidc =
    options.oidc === undefined ? await readOidcSettings(process.env) : parseOidcOptions(options.oidc);
  const services = await createServices(database, watch, secrets, { ...options, ...(oidc && { oidc }) });
  if (previousSecretKey !== undefined) await services.credentials.reseal();
  const firstAdminToken = await services.tokens.issueAdminIfNone();

  const requestLimits = { ...defaultRequestLimits, ...options.requestLimits };
  const gate = new RequestGate(requestLimits, () => performance.now());
  const trustedProxies = options.trustedProxies ?? readTrustedProxies(process.env.NOMOS_TRUSTED_PROXIES);
  const app = createApp(allRoutes, services, { ...options, log, gate, trustedProxies });
  const server = await listen(app, options.host ?? '127.0.0.1', options.port);
  closers.push(() => services.metrics.close());
  closers.push(() => server.close());
  closers.push(() => watch.close());
  closers.push(startPurging(services, log));
  closers.push(startAdvancing(services.subscriptionChanges, log));
  closers.push(() => services.reconciler.close());
  services.reconciler.start();
  log.info({ url: server.url }, 'registry started');
  return {
    url: server.url,
    ...(firstAdminToken === undefined ? {} : { firstAdminToken }),
    databaseUrl,
    issueEdgeToken: (environment) => services.tokens.issueEmbedded(environment),
    ensureEnvironment: (description) => ensureEnvironment(services.catalog, description),
    manageBroker: (environment, access) => manageBroker(services, environment, access),
    close,
  };
}

async function startEmbedded(
  dataFolder: string,
  log: Logger,
  closers: (() => Promise<void> | void)[],
): Promise<string> {
  const postgres = await startPostgres({ dataFolder, log });
  closers.push(() => postgres.close());
  await ensureDatabase(postgres.url('postgres'), DATABASE_NAME);
  return postgres.url(DATABASE_NAME);
}

async function createServices(
  database: PrismaDatabase,
  watch: RevisionWatch,
  secrets: SecretBox,
  options: RegistryOptions,
): Promise<Services> {
  const { clock = systemClock, log = silentLogger } = options;
  const { oidc, sessionTimes, nameReservationMs, reconcilerTimes } = options;
  const norm = compileNorm(defaultNorm);
  const judge = new NameJudge(norm);
  const signer = await GrantSigner.open(database, secrets, clock);
  const audit = new AuditLog(clock);
  const times = { ...defaultSessionTimes, ...sessionTimes };
  const credentials = new Credentials(database, secrets, audit, clock, times.grantGraceMs);
  const gate = new ApprovalGate(audit, clock);
  const catalog = new Catalog(database, judge, gate, audit, clock, nameReservationMs);
  const changes = new ApprovedChanges(catalog);
  const notices = new Notices(database, clock, log, undefined);
  const provisioning = new Provisioning(database, secrets, audit);
  const reconciler = new Reconciler({
    ...{ database, provisioning, audit, clock, log },
    connect: (target) => new RemotingBrokerAdmin(target),
    times: { ...defaultReconcilerTimes, ...reconcilerTimes },
    holder: `${hostname()} ${process.pid} ${createId()}`,
  });
  return {
    database,
    provisioning,
    reconciler,
    watch,
    judge,
    signer,
    credentials,
    catalog,
    notices,
    approvals: new Approvals(database, changes, audit, clock),
    recycling: new Recycling(database, changes, notices, audit, clock),
    whois: new WhoisDesk(database, judge, clock),
    auditTrail: new AuditTrail(database),
    authenticator: new Authenticator(database, clock, oidc && new OidcVerifier(oidc, clock, log)),
    tokens: new Tokens(database, audit, { clock, hasOidcAdmins: oidc !== undefined && hasAdminRole(oidc) }),
    schemas: new Schemas(database, audit, clock),
    sessions: new Sessions(database, judge, signer, audit, clock, times),
    subscriptionChanges: new SubscriptionChanges(database, judge, audit, clock, times.grantGraceMs),
    bundles: new EdgeBundles(database, signer, credentials, norm, clock),
    metrics: new Metrics(database, clock, readVersion()),
    idempotentCalls: new IdempotentCalls(database, secrets, clock),
    openApi: generateOpenApi(),
  };
}

/** @throws NomosError CONFIGURATION_INVALID when it is not a small number. */
function readTrustedProxies(setting: string | undefined): number {
  if (!setting) return 0;
  if (/^[0-9]{1,2}$/.test(setting)) return Number(setting);
  throw new NomosError('CONFIGURATION_INVALID', 'NOMOS_TRUSTED_PROXIES is not a number of proxies.', {
    fix: 'Set it to how many proxies stand before the registry, or leave it out.',
  });
}

/** Removes now and then what is past its time. Returns how to stop that. */
function startPurging({ sessions, idempotentCalls, metrics }: Services, log: Logger): () => void {
  const purges: Readonly<Record<string, () => Promise<number>>> = {
    session: () => sessions.purge(),
    'idempotency-key': () => idempotentCalls.purge(),
  };
  const timer = setInterval(() => {
    for (const [kind, purge] of Object.entries(purges)) {
      purge().then(
        (count) => metrics.countPurged(kind, count),
        (error: unknown) => {
          log.warn(
            { kind, reason: NomosError.from(error).message },
            'what is past its time could not be removed',
          );
        },
      );
    }
  }, PURGE_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Moves subscription changes on. Returns how to stop that. */
function startAdvancing(changes: SubscriptionChanges, log: Logger): () => Promise<void> {
  let isClosed = false;
  let working: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const schedule = () => {
    if (isClosed) return;
    timer = setTimeout(() => {
      working = changes
        .advanceAll()
        .catch((error: unknown) => {
          log.warn({ reason: NomosError.from(error).message }, 'subscription changes could not be moved on');
        })
        .finally(schedule);
    }, ADVANCE_INTERVAL_MS).unref();
  };
  schedule();
  return async () => {
    isClosed = true;
    clearTimeout(timer);
    await working;
  };
}

async function manageBroker(
  { database, provisioning, reconciler }: Services,
  environment: string,
  description: BrokerAccessDescription,
): Promise<void> {
  const access: BrokerAccess = brokerAccessSchema.parse(description);
  const known = await database.repositories.provisioning.find(environment);
  const driftPolicy = description.driftPolicy ?? known?.driftPolicy ?? access.driftPolicy;
  await provisioning.setAccess(operator, environment, { ...access, driftPolicy });
  reconciler.wake();
}

async function ensureEnvironment(catalog: Catalog, description: EnvironmentDescription): Promise<void> {
  const parsed = createEnvironmentSchema.safeParse(description);
  if (!parsed.success) {
    const reasons = parsed.error.issues
      .map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('; ');
    throw new NomosError('CONFIGURATION_INVALID', `The environment is not well described: ${reasons}.`);
  }
  const { code, ...fields } = parsed.data;
  try {
    await catalog.create(environments, operator, parsed.data);
  } catch (error) {
    if (!(error instanceof NomosError) || error.code !== 'ALREADY_EXISTS') throw error;
    const found = await catalog.read(environments, [code]);
    const same =
      JSON.stringify([found.description, found.endpoints]) ===
      JSON.stringify([fields.description, fields.endpoints]);
    if (!same) await catalog.change(environments, operator, [code], fields, undefined);
  }
}
