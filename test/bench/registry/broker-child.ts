import { startBroker } from '@nomos/broker';
import { ENVIRONMENT } from './environment.js';

/** A broker in a process of its own that follows a registry: data folder, URL and edge token come as arguments. */
const [dataFolder = '', registryUrl = '', token = ''] = process.argv.slice(2);
const broker = await startBroker({
  ...{ dataFolder, port: 0 },
  edge: { registryUrl, token, environment: ENVIRONMENT },
});
// Without the benchmark there is nothing left to do.
process.on('disconnect', () => void broker.close().then(() => process.exit(0)));
process.send?.(broker.endpoint);
