import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testBundle } from './edge/bundle.spec.support.js';
import { fixedBundleSource } from './edge/bundle-source.js';
import { startBroker } from './start-broker.js';

const edge = { bundleSource: fixedBundleSource(testBundle()) };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nomos-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a port that is taken is PORT_IN_USE, and the data folder is free again', async () => {
  const first = await startBroker({ dataFolder: join(folder, 'a'), port: 0, edge });
  const port = Number(first.endpoint.split(':')[1]);
  const second = { dataFolder: join(folder, 'b'), edge };
  await expect(startBroker({ ...second, port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  await (await startBroker({ ...second, port: 0 })).close();
  await first.close();
});

test('two brokers cannot share a data folder', async () => {
  const first = await startBroker({ dataFolder: folder, port: 0, edge });
  await expect(startBroker({ dataFolder: folder, port: 0, edge })).rejects.toMatchObject({
    code: 'DATA_FOLDER_UNUSABLE',
  });
  await first.close();
  await first.close();
  await (await startBroker({ dataFolder: folder, port: 0, edge })).close();
});

test('a store that is not one is DATA_FOLDER_UNUSABLE', async () => {
  writeFileSync(join(folder, 'broker.mdb'), 'rubbish'.repeat(2_000));
  await expect(startBroker({ dataFolder: folder, port: 0, edge })).rejects.toMatchObject({
    code: 'DATA_FOLDER_UNUSABLE',
  });
});

test('a host that is not of this machine is CONFIGURATION_INVALID', async () => {
  const options = { dataFolder: folder, host: '192.0.2.1', port: 0, edge };
  await expect(startBroker(options)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
});
