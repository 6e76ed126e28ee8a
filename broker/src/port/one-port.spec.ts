import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js';
import { apache } from '@nomos/schemas';
import { Producer } from 'rocketmq-client-nodejs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GROUP, signed, TOPIC, testBundle } from '../edge/bundle.spec.support.js';
import { fixedBundleSource } from '../edge/bundle-source.js';
import { message, RawClient } from '../rpc/raw-client.spec.support.js';
import { serviceDefinition } from '../rpc/service-definition.spec.support.js';
import { type Broker, type BrokerOptions, startBroker } from '../start-broker.js';
import { selfSignedCertificate } from './self-signed-certificate.js';

const v2 = apache.rocketmq.v2;
const { Code } = v2;
const logger = { debug() {}, info() {}, warn() {}, error() {}, close() {} };

let folder: string;
let brokers: Broker[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-one-port-'));
  brokers = [];
});
afterEach(async () => {
  for (const broker of brokers) await broker.close();
  await rm(folder, { recursive: true });
});

async function start(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const edge = { bundleSource: fixedBundleSource(testBundle()) };
  const broker = await startBroker({ dataFolder: join(folder, 'data'), port: 0, edge, ...options });
  brokers.push(broker);
  return broker;
}

/** Sends one message with gRPC's own client; the answer is the status code. */
async function send(endpoint: string, channel: ChannelCredentials, messageId: string) {
  const client = new Client(endpoint, channel);
  const metadata = new Metadata();
  const headers = { 'x-mq-client-id': 'one-port', ...signed('paycore-key', 'paycore-secret') };
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const { path, requestSerialize, responseDeserialize } = serviceDefinition.sendMessage;
  const request = Buffer.from(
    v2.SendMessageRequest.encode({ messages: [message(TOPIC, messageId)] }).finish(),
  );
  try {
    return await new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 5_000 };
      client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize, request, metadata, options] as const),
        (error, response) =>
          response === undefined
            ? reject(error)
            : resolve(v2.SendMessageResponse.decode(response).status?.code),
      );
    });
  } finally {
    client.close();
  }
}

function keptCertificate(): string {
  return readFileSync(join(folder, 'data', 'self-signed.pem'), 'utf8');
}

/** What a client without a check sees, as RocketMQ's Java and Go clients connect. */
async function shownCertificate(endpoint: string): Promise<string> {
  const [host = '', port] = endpoint.split(':');
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const options = { host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    const opened = connect(options, () => resolve(opened)).once('error', reject);
  });
  const shown = socket.getPeerX509Certificate()?.toString() ?? '';
  expect(socket.alpnProtocol).toBe('h2');
  socket.destroy();
  return shown;
}

test('TLS and plaintext are served at the same time on one port', async () => {
  const { endpoint } = await start();
  const unchecked = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
  const checked = credentials.createSsl(Buffer.from(keptCertificate().split('-----BEGIN PRIVATE')[0] ?? ''));
  const official = new Producer({
    ...{ endpoints: endpoint, namespace: '', topics: [TOPIC], logger },
    sessionCredentials: { accessKey: 'paycore-key', accessSecret: 'paycore-secret' },
  });
  await official.startup();
  const rounds = Array.from({ length: 10 }, async (_, index) => {
    const codes = await Promise.all([
      send(endpoint, unchecked, `unchecked-${index}`),
      send(endpoint, checked, `checked-${index}`),
      send(endpoint, credentials.createInsecure(), `plain-${index}`),
    ]);
    expect(codes).toEqual([Code.OK, Code.OK, Code.OK]);
    const receipt = await official.send({ topic: TOPIC, tag: 'OUT', body: Buffer.from(`official ${index}`) });
    expect(receipt?.messageId).toBeTruthy();
  });
  await Promise.all(rounds);
  await official.shutdown();
});

test('the certificate is kept over restarts, for its owner only', async () => {
  const first = await start();
  const shown = await shownCertificate(first.endpoint);
  expect(statSync(join(folder, 'data', 'self-signed.pem')).mode & 0o777).toBe(0o600);
  expect(keptCertificate()).toContain(shown);
  await first.close();
  const second = await start();
  expect(await shownCertificate(second.endpoint)).toBe(shown);
  const certificate = new X509Certificate(shown);
  expect(certificate.checkIP('127.0.0.1')).toBeDefined();
  expect(certificate.checkHost('localhost')).toBeDefined();
});

test("the operator's certificate is shown instead, and none is made", async () => {
  const own = selfSignedCertificate({ hosts: ['mq.bank.example'], nowMs: Date.now(), days: 60 });
  const tls = { certificateFile: join(folder, 'own.pem'), keyFile: join(folder, 'own.key') };
  writeFileSync(tls.certificateFile, own.certificate);
  writeFileSync(tls.keyFile, own.key);
  const { endpoint } = await start({ tls });
  expect(await shownCertificate(endpoint)).toBe(own.certificate);
  expect(keptCertificate).toThrow('ENOENT');
});

test('a certificate that is not there is CONFIGURATION_INVALID, and the data folder is free again', async () => {
  const tls = { certificateFile: join(folder, 'missing.pem'), keyFile: join(folder, 'missing.key') };
  await expect(start({ tls })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  await start();
});

test('with plaintext off only TLS is served', async () => {
  const { endpoint } = await start({ plaintext: false });
  const unchecked = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
  expect(await send(endpoint, unchecked, 'm-1')).toBe(Code.OK);
  await expect(send(endpoint, credentials.createInsecure(), 'm-2')).rejects.toThrow(/UNAVAILABLE|DEADLINE/);
});

test('calls under way get their answer when the broker closes, and nobody gets in any more', async () => {
  const broker = await start();
  const client = new RawClient(broker.endpoint, signed('sms-key', 'sms-secret'));
  const waiting = Array.from({ length: 50 }, () => client.receive(GROUP, TOPIC));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const startedAtMs = Date.now();
  await Promise.all([broker.close(), ...waiting]);
  expect(Date.now() - startedAtMs).toBeLessThan(3_000);
  for (const { status } of await Promise.all(waiting)) expect(status?.code).toBe(Code.MESSAGE_NOT_FOUND);
  client.close();
  await expect(shownCertificate(broker.endpoint)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
