import {
  type BrokerAccess,
  brokerAccessSchema,
  createEnvironmentSchema,
  type Logger,
  NomosError,
  silentLogger,
} from '@nomos/schemas';
import type { z } from 'zod';
import { backgroundJobs, startBackgroundJobs } from './background-jobs.js';
import { createServices } from './create-services.js';
import { checkDataFolder, markDataFolder, readPreviousSecretKey, readSecretKey } from './data-folder.js';
import { operator } from './domain/actor.js';
import type { Catalog } from './domain/catalog/catalog.js';
import { environments } from './domain/catalog/environments.js';
import { parseOidcOptions } from './domain/identity/oidc-options.js';
import { RevisionWatch } from './domain/revision-watch.js';
import { SecretBox } from './domain/secrets.js';
import { createApp } from './http/express-app.js';
import { listen } from './http/http-server.js';
import { defaultRequestLimits, RequestGate } from './http/request-gate.js';
import { allRoutes } from './http/routes/all-routes.js';
import type { Services } from './http/services.js';
import { readNotifyOptions } from './notify/notify-options.js';
import { readOidcSettings } from './oidc-settings.js';
import { startPostgres } from './postgres/start-postgres.js';
import type { RegistryOptions } from './registry-options.js';
import { ensureDatabase, prepareDatabase } from './store/prepare-database.js';
import { PrismaDatabase } from './store/prisma-database.js';

const DATABASE_NAME = 'nomos';

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
  const notify = readNotifyOptions(options.notify, process.env);
  const services = await createServices(database, watch, secrets, {
    ...options,
    ...(oidc && { oidc }),
    ...(notify && { notify }),
  });
  if (previousSecretKey !== undefined) {
    await services.credentials.reseal();
    await services.provisioning.reseal();
  }
  await services.norms.ensureDefault();
  const firstAdminToken = await services.tokens.issueAdminIfNone();

  const requestLimits = { ...defaultRequestLimits, ...options.requestLimits };
  const gate = new RequestGate(requestLimits, () => performance.now());
  const trustedProxies = options.trustedProxies ?? readTrustedProxies(process.env.NOMOS_TRUSTED_PROXIES);
  const app = createApp(allRoutes, services, { ...options, log, gate, trustedProxies });
  const server = await listen(app, options.host ?? '127.0.0.1', options.port);
  closers.push(() => services.metrics.close());
  closers.push(() => server.close());
  closers.push(() => watch.close());
  closers.push(() => services.observations.flush());
  closers.push(startBackgroundJobs(backgroundJobs(services), log));
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

/** @throws NomosError CONFIGURATION_INVALID when it is not a small number. */
function readTrustedProxies(setting: string | undefined): number {
  if (!setting) return 0;
  if (/^[0-9]{1,2}$/.test(setting)) return Number(setting);
  throw new NomosError('CONFIGURATION_INVALID', 'NOMOS_TRUSTED_PROXIES is not a number of proxies.', {
    fix: 'Set it to how many proxies stand before the registry, or leave it out.',
  });
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
