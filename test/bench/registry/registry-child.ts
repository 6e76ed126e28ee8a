import { startRegistry } from '@nomos/registry';
import { ENVIRONMENT } from './environment.js';

/** What the benchmark has to know of a registry that runs. */
export interface Started {
  readonly url: string;
  readonly adminToken: string;
  readonly edgeToken: string;
  readonly databaseUrl: string;
}

/** A registry with its Postgres in a process of its own; the data folder comes as argument. */
const [dataFolder = ''] = process.argv.slice(2);
const registry = await startRegistry({ dataFolder, port: 0 });
process.on('message', () => process.disconnect());
// Without the benchmark there is nothing left to do.
process.on('disconnect', () => void registry.close().then(() => process.exit(0)));
await registry.ensureEnvironment({
  ...{ code: ENVIRONMENT, description: 'For measuring.', endpoints: ['127.0.0.1:8081'] },
});
process.send?.({
  ...{ url: registry.url, adminToken: registry.firstAdminToken ?? '', databaseUrl: registry.databaseUrl },
  edgeToken: await registry.issueEdgeToken(ENVIRONMENT),
} satisfies Started);
