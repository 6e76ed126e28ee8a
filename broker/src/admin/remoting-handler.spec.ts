import { type Logger, silentLogger } from '@nomos/schemas';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { adminLimits } from './admin-limits.js';
import { encodeFrame } from './frame.js';
import { MemoryAdminBackend, START_MS, TOPIC } from './memory-admin-backend.spec.support.js';
import {
  type AdminServer,
  CREDENTIALS,
  RemotingClient,
  requestCommand,
  startAdminServer,
} from './remoting-client.spec.support.js';
import { RemotingHandler } from './remoting-handler.js';
import { responseCode } from './response-code.js';

const LIST_TOPICS = 206;
const CREATE_TOPIC = 17;
const QUERY_MESSAGES = 12;

let backend: MemoryAdminBackend;
let clock: SimulatedClock;
let server: AdminServer;
let client: RemotingClient;
const logged: object[] = [];
const log: Logger = { ...silentLogger, info: (fields) => void logged.push(fields) };

beforeEach(async () => {
  backend = new MemoryAdminBackend();
  clock = new SimulatedClock(START_MS);
  logged.length = 0;
  server = await startAdminServer(backend, { clock, log });
  client = await RemotingClient.connect(server.port);
});

afterEach(async () => {
  client.close();
  await server.close();
});

describe('access', () => {
  test.each([
    ['without a signature', { signer: null }],
    ['with another secret', { signer: { ...CREDENTIALS, secretKey: 'guessed' } }],
    ['with another access key', { signer: { ...CREDENTIALS, accessKey: 'somebody' } }],
    [
      'with an empty signature',
      { signer: null, fields: { AccessKey: CREDENTIALS.accessKey, Signature: '' } },
    ],
    ['with a signature that is no base64', { signer: null, fields: { AccessKey: 'admin', Signature: '?' } }],
  ])('a request %s is refused, and the refusal says what to do', async (_, options) => {
    const answer = await client.request(LIST_TOPICS, options);
    expect(answer.code).toBe(responseCode.noPermission);
    expect(answer.remark).toMatch(/ACCESS_KEY_INVALID: .*tools\.yml/);
    expect(answer.body).toHaveLength(0);
  });

  test('the signature covers every field and the body', async () => {
    const signed = requestCommand(CREATE_TOPIC, 1, { fields: { topic: 'a', readQueueNums: '1' }, body: 'x' });
    const forged = [
      { ...signed, fields: new Map([...signed.fields, ['topic', 'b'] as const]) },
      { ...signed, fields: new Map([...signed.fields, ['perm', '2'] as const]) },
      { ...signed, body: Buffer.from('y') },
    ];
    for (const command of forged) {
      client.socket.write(encodeFrame(command));
      expect((await client.next()).code).toBe(responseCode.noPermission);
    }
    expect(backend.topic('a') ?? backend.topic('b')).toBeUndefined();
  });

  test('tools up to 4.9.3 sign before they add the field for queries by id', async () => {
    const fields = { topic: TOPIC, key: 'm-1', maxNum: '1' };
    backend.append(TOPIC, 0, { messageId: 'm-1' });
    for (const [version, code] of [
      [399, responseCode.success],
      [400, responseCode.noPermission],
    ] as const) {
      const signed = requestCommand(QUERY_MESSAGES, 1, { fields, version });
      const later = {
        ...signed,
        fields: new Map([...signed.fields, ['_UNIQUE_KEY_QUERY', 'true'] as const]),
      };
      client.socket.write(encodeFrame(later));
      expect((await client.next()).code).toBe(code);
    }
  });

  test('a key that guards nothing is not taken', () => {
    const options = { backend, clock, address: () => ({ host: '127.0.0.1', port: 1 }) };
    const credentials = { accessKey: 'admin', secretKey: '' };
    expect(() => new RemotingHandler({ ...options, credentials })).toThrow(/CONFIGURATION|empty/);
  });
});

describe('requests', () => {
  test.each(['json', 'compact'] as const)('with a %s header get an answer of that form', async (form) => {
    const answer = await client.request(LIST_TOPICS, { form });
    expect(answer).toMatchObject({ form, code: responseCode.success, flag: 1 });
    expect(JSON.parse(answer.body.toString()).topicList).toContain(TOPIC);
  });

  test('of an unknown code are told so, and the connection goes on', async () => {
    const answer = await client.request(9_999);
    expect(answer.code).toBe(responseCode.requestCodeNotSupported);
    expect(answer.remark).toContain('9999');
    expect((await client.request(LIST_TOPICS)).code).toBe(responseCode.success);
  });

  test('that want no answer get none', async () => {
    const fields = { topic: 'one-way', readQueueNums: '1', writeQueueNums: '1' };
    client.socket.write(encodeFrame(requestCommand(CREATE_TOPIC, 100, { fields, flag: 2 })));
    expect((await client.request(LIST_TOPICS)).code).toBe(responseCode.success);
    expect(backend.topic('one-way')).toBeDefined();
  });

  test('sent in one piece are answered in their order', async () => {
    const frames = [1, 2, 3].map((opaque) => encodeFrame(requestCommand(LIST_TOPICS, opaque)));
    client.socket.write(Buffer.concat(frames));
    for (const opaque of [1, 2, 3]) expect((await client.next()).opaque).toBe(opaque);
  });

  test('that fail for no reason of theirs tell nothing of the inside', async () => {
    backend.topics = () => {
      throw new Error('a path of the server: /var/lib/secret');
    };
    const answer = await client.request(LIST_TOPICS);
    expect(answer.code).toBe(responseCode.systemError);
    expect(answer.remark).not.toContain('secret');
  });

  test('that change something are logged, without the signature', async () => {
    await client.request(LIST_TOPICS);
    await client.request(CREATE_TOPIC, { fields: { topic: 'made-here', readQueueNums: '1' } });
    expect(logged).toMatchObject([
      {
        operation: 'UPDATE_AND_CREATE_TOPIC',
        fields: { topic: 'made-here', AccessKey: CREDENTIALS.accessKey },
      },
    ]);
    expect(JSON.stringify(logged)).not.toContain('Signature');
  });
});

describe('connections', () => {
  test('end at the first malformed frame', async () => {
    client.socket.write('GET / HTTP/1.1\r\n\r\n');
    await client.ended();
  });

  test('end when no request is completed for a while, even if bytes trickle in', async () => {
    const started = encodeFrame(requestCommand(LIST_TOPICS, 1));
    await client.request(LIST_TOPICS);
    client.socket.write(started.subarray(0, 10));
    await clock.advance(adminLimits.idleMs - 1_000);
    client.socket.write(started.subarray(10, 11));
    await clock.advance(1_000);
    await client.ended();
  });

  test('that ask now and then stay', async () => {
    for (let round = 0; round < 3; round++) {
      await clock.advance(adminLimits.idleMs - 1_000);
      expect((await client.request(LIST_TOPICS)).code).toBe(responseCode.success);
    }
  });

  test('of clients that do not read do not fill the memory', async () => {
    for (let count = 0; count < 40; count++) {
      backend.append(TOPIC, 0, { messageId: 'large', body: Buffer.alloc(1024 * 1024) });
    }
    client.socket.pause();
    const fields = { topic: TOPIC, key: 'large', maxNum: '64', _UNIQUE_KEY_QUERY: 'true' };
    let handled = 0;
    const find = backend.find.bind(backend);
    backend.find = (request) => {
      handled++;
      return find(request);
    };
    for (let opaque = 0; opaque < 100; opaque++) {
      client.socket.write(encodeFrame(requestCommand(QUERY_MESSAGES, opaque, { fields })));
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(handled).toBeGreaterThan(0);
    expect(handled).toBeLessThan(5);
    const other = await RemotingClient.connect(server.port);
    expect((await other.request(LIST_TOPICS)).code).toBe(responseCode.success);
    other.close();
  });

  test('end when the handler closes, after the request in work', async () => {
    let finish = () => {};
    const saving = new Promise<void>((resolve) => {
      backend.saveTopic = () => {
        resolve();
        return new Promise((done) => {
          finish = done;
        });
      };
    });
    const idle = await RemotingClient.connect(server.port);
    const answer = client.request(CREATE_TOPIC, { fields: { topic: 'made-here', readQueueNums: '1' } });
    await saving;
    const closed = server.handler.close();
    await idle.ended();
    finish();
    expect((await answer).code).toBe(responseCode.success);
    await closed;
    const late = await RemotingClient.connect(server.port);
    await late.ended();
  });
});
