import { createEnvironmentSchema, type Logger, NomosError, silentLogger } from '@nomos/schemas';
import type { z } from 'zod';
import { checkDataFolder, markDataFolder, readSecretKey } from './data-folder.js';
import { operator } from './domain/actor.js';
import { defaultSessionTimes, Sessions, type SessionTimes } from './domain/admission/sessions.js';
import { AuditLog } from './domain/audit/audit-log.js';
import { Catalog } from './domain/catalog/catalog.js';
import { environments } from './domain/catalog/environments.js';
import { NameJudge } from './domain/catalog/name-judge.js';
import { type Clock, systemClock } from './domain/clock.js';
import { Credentials } from './domain/credentials.js';
import { EdgeBundles } from './domain/edge-bundle.js';
import { GrantSigner } from './domain/grants.js';
import { NormImpacts } from './domain/norms/norm-impact.js';
import { NormObservations } from './domain/norms/norm-observations.js';
import { Norms } from './domain/norms/norms.js';
import { RevisionWatch } from './domain/revision-watch.js';
import { SecretBox } from './domain/secrets.js';
import { Tokens } from './domain/tokens.js';
import { Waivers } from './domain/waivers/waivers.js';
import { createApp } from './http/express-app.js';
import { listen } from './http/http-server.js';
import { generateOpenApi } from './http/openapi.js';
import { allRoutes } from './http/routes/all-routes.js';
import type { Services } from './http/services.js';
import { startPostgres } from './postgres/start-postgres.js';
import { ensureDatabase, prepareDatabase } from './store/prepare-database.js';
import { PrismaDatabase } from './store/prisma-database.js';

const DATABASE_NAME = 'nomos';
const PURGE_INTERVAL_MS = 10 * 60 * 1000;
const OBSERVATION_INTERVAL_MS = 5_000;

/** Where and how a registry runs. */
export interface RegistryOptions {
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
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly sessionTimes?: Partial<SessionTimes>;
}

/** An environment as its creation describes it. */
export type EnvironmentDescription = z.input<typeof createEnvironmentSchema>;

/** A running registry. */
export interface Registry {
  readonly url: string;
  /** The first platform admin's token, only from the start that set the database up; it is never shown again. */
  readonly firstAdminToken?: string;
  /** Holds the password of the database. */
  readonly databaseUrl: string;
  /** A token for an edge in this process; it replaces the earlier one. @throws NomosError NOT_FOUND. */
  issueEdgeToken(environment: string): Promise<string>;
  /** Registers an environment, or changes it to the description. @throws NomosError RETIRED or REQUEST_INVALID. */
  ensureEnvironment(description: EnvironmentDescription): Promise<void>;
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
  const secrets = new SecretBox(
    await readSecretKey(dataFolder, options.secretKey ?? process.env.NOMOS_SECRET_KEY),
  );
  await prepareDatabase(databaseUrl, log);

  const onRevisionsRaised = (codes: ReadonlySet<string>) => watch.changed(codes);
  const database = new PrismaDatabase({ url: databaseUrl, log, onRevisionsRaised });
  closers.push(() => database.close());
  const watch = new RevisionWatch(database.repositories.environments, log);
  const services = await createServices(database, watch, secrets, options);
  await services.norms.ensureDefault();
  const firstAdminToken = await services.tokens.issueFirst();

  const app = createApp(allRoutes, services, log);
  const server = await listen(app, options.host ?? '127.0.0.1', options.port);
  closers.push(() => server.close());
  closers.push(() => watch.close());
  closers.push(startPurging(services.sessions, log));
  closers.push(startCounting(services.observations, log));
  log.info({ url: server.url }, 'registry started');
  return {
    url: server.url,
    ...(firstAdminToken === undefined ? {} : { firstAdminToken }),
    databaseUrl,
    issueEdgeToken: (environment) => services.tokens.issueEmbedded(environment),
    ensureEnvironment: (description) => ensureEnvironment(services.catalog, description),
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
  { clock = systemClock, sessionTimes }: RegistryOptions,
): Promise<Services> {
  const observations = new NormObservations(database, clock);
  const judge = new NameJudge(observations, clock);
  const signer = await GrantSigner.open(database, secrets, clock);
  const audit = new AuditLog(clock);
  const times = { ...defaultSessionTimes, ...sessionTimes };
  const credentials = new Credentials(database, secrets, audit, clock, times.grantGraceMs);
  return {
    database,
    watch,
    judge,
    signer,
    credentials,
    catalog: new Catalog(database, judge, audit, clock),
    tokens: new Tokens(database, audit, clock),
    sessions: new Sessions(database, judge, signer, audit, clock, times),
    bundles: new EdgeBundles(database, signer, credentials, judge, clock),
    norms: new Norms(database, judge, audit, clock),
    impacts: new NormImpacts(database, judge, clock),
    observations,
    waivers: new Waivers(database, audit, clock),
    openApi: generateOpenApi(),
  };
}

/** Removes old sessions now and then. Returns how to stop that. */
function startPurging(sessions: Sessions, log: Logger): () => void {
  const timer = setInterval(() => {
    sessions.purge().catch((error: unknown) => {
      log.warn({ reason: NomosError.from(error).message }, 'old sessions could not be removed');
    });
  }, PURGE_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Writes down now and then, and at the end, what names broke norms to come. Returns how to stop that. */
function startCounting(observations: NormObservations, log: Logger): () => Promise<void> {
  const flush = () =>
    observations.flush().catch((error: unknown) => {
      log.warn({ reason: NomosError.from(error).message }, 'observations of norms could not be written');
    });
  const timer = setInterval(flush, OBSERVATION_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    return flush();
  };
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
