import { fixedBundleSource, startBroker } from '@nomos/broker';

/** A broker in a process of its own, to be killed: data folder, port and bundle come as arguments. */
const [dataFolder = '', port = '', bundle = ''] = process.argv.slice(2);
await startBroker({
  ...{ dataFolder, port: Number(port) },
  edge: { bundleSource: fixedBundleSource(JSON.parse(bundle)) },
});
process.stdout.write('ready\n');
