import { fixedBundleSource } from './edge/bundle-source.js';
import { startBroker } from './start-broker.js';

/** A broker in a process of its own, for tests that kill it: data folder and bundle come as arguments. */
const [dataFolder = '', bundle = ''] = process.argv.slice(2);
const broker = await startBroker({
  ...{ dataFolder, port: 0 },
  edge: { bundleSource: fixedBundleSource(JSON.parse(bundle)) },
});
process.stdout.write(`${broker.endpoint}\n`);
