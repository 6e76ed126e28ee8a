import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type Notice, noticeSchema, silentLogger } from '@nomos/schemas';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readNotifyOptions } from '../../notify/notify-options.js';
import { postNotice } from '../../notify/post-notice.js';
import { PrismaDatabase } from '../../store/prisma-database.js';
import { createRegistryFixture, type RegistryFixture } from '../../testing/registry-fixture.js';
import { Notices } from './notices.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const secret = 'sixteen-characters-or-more';

let fixture: RegistryFixture;
let database: PrismaDatabase;
let server: Server;
let url: string;
let now: Date;
/** What arrived, with its signature, and which subjects the receiver answers how; 204 otherwise. */
let received: { body: string; signature: string | undefined }[];
let answers: Map<string, number>;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  database = new PrismaDatabase({
    ...{ url: fixture.registry.databaseUrl, log: silentLogger, onRevisionsRaised: () => {} },
  });
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const signature = request.headers['nomos-signature']?.toString();
    received.push({ body, signature });
    const status = answers.get(noticeSchema.parse(JSON.parse(body)).subject) ?? 204;
    response.writeHead(status, status === 302 ? { location: url } : {}).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  url = `http://127.0.0.1:${address.port}/notices`;
});
afterAll(async () => {
  server.close();
  await database?.close();
  await fixture?.close();
});
beforeEach(async () => {
  [received, answers, now] = [[], new Map(), new Date('2026-11-21T12:00:00.000Z')];
  await database.change({}, ({ notices }) => notices.purge(new Date('2030-01-01')));
});

function notices(send = postNotice({ url, secret })): Notices {
  return new Notices(database, () => now, silentLogger, send);
}

async function post(subject: string): Promise<void> {
  const notice = { team: 'payments', about: 'recycling.candidate', subject, text: 'It is out of use.' };
  await database.change({}, (repositories) => notices().post(repositories, notice));
}

const subjects = () => received.map(({ body }) => (JSON.parse(body) as Notice).subject);
const pass = (durationMs: number) => {
  now = new Date(now.getTime() + durationMs);
};

describe('notices', () => {
  test('are sent once, oldest first, as JSON that the secret signs', async () => {
    await post('one');
    pass(1000);
    await post('two');
    expect(await notices().deliver()).toBe(2);
    expect(await notices().deliver()).toBe(0);
    expect(subjects()).toEqual(['one', 'two']);
    for (const { body, signature } of received)
      expect(signature).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    const listed = await notices().list({ team: 'payments', limit: 10 });
    expect(listed.map(({ deliveredAt }) => deliveredAt)).toEqual([now.toISOString(), now.toISOString()]);
  });

  test('are not signed without a secret', async () => {
    await post('one');
    await notices(postNotice({ url })).deliver();
    expect(received).toMatchObject([{ signature: undefined }]);
  });

  test('are sent once by two registries that deliver at the same time', async () => {
    for (let index = 0; index < 10; index += 1) await post(`notice-${index}`);
    const delivered = await Promise.all([notices().deliver(), notices().deliver(), notices().deliver()]);
    expect(delivered.reduce((sum, count) => sum + count, 0)).toBe(10);
    expect(new Set(subjects()).size).toBe(10);
    expect(received).toHaveLength(10);
  });

  test.each([500, 404, 302])('that get %i are sent again, and hold up none behind them', async (status) => {
    answers.set('poison', status);
    await post('poison');
    pass(1000);
    await post('good');
    expect(await notices().deliver()).toBe(1);
    expect(subjects()).toEqual(['poison', 'good']);
    expect(await notices().deliver()).toBe(0);
    answers.clear();
    pass(2 * MINUTE_MS);
    expect(await notices().deliver()).toBe(1);
    expect(subjects()).toEqual(['poison', 'good', 'poison']);
  });

  test('stop for a while when the receiver is away, and lose none', async () => {
    for (let index = 0; index < 10; index += 1) {
      await post(`notice-${index}`);
      answers.set(`notice-${index}`, 503);
    }
    expect(await notices().deliver()).toBe(0);
    expect(received).toHaveLength(3);
    answers.clear();
    pass(2 * MINUTE_MS);
    expect(await notices().deliver()).toBe(10);
  });

  test('are tried ever more seldom, and no longer after a week', async () => {
    answers.set('poison', 500);
    await post('poison');
    for (let minute = 0; minute < 7 * 24 * 60; minute += 10) {
      pass(10 * MINUTE_MS);
      await notices().deliver();
    }
    expect(received.length).toBeGreaterThan(100);
    expect(received.length).toBeLessThan(200);
    const before = received.length;
    pass(DAY_MS);
    await notices().deliver();
    expect(received).toHaveLength(before);
  });

  test('can be read for 180 days, sent or not', async () => {
    await post('old');
    pass(179 * DAY_MS);
    await post('new');
    expect(await notices().purge()).toBe(0);
    pass(2 * DAY_MS);
    expect(await notices().purge()).toBe(1);
    expect((await notices().list({ limit: 10 })).map(({ subject }) => subject)).toEqual(['new']);
  });

  test('without a receiver are only kept', async () => {
    await post('one');
    const kept = new Notices(database, () => now, silentLogger, undefined);
    expect(await kept.deliver()).toBe(0);
    expect(await kept.list({ limit: 10 })).toHaveLength(1);
  });
});

describe('the receiver', () => {
  test('comes from the options, else from the variables, else there is none', () => {
    const variables = { NOMOS_NOTIFY_URL: 'https://hooks.bank.example/a', NOMOS_NOTIFY_SECRET: secret };
    expect(readNotifyOptions(undefined, {})).toBeUndefined();
    expect(readNotifyOptions(undefined, variables)).toEqual({ url: variables.NOMOS_NOTIFY_URL, secret });
    expect(readNotifyOptions({ url }, variables)).toEqual({ url });
  });

  test.each([
    { NOMOS_NOTIFY_SECRET: secret },
    { NOMOS_NOTIFY_URL: 'hooks.bank.example' },
    { NOMOS_NOTIFY_URL: 'file:///etc/passwd' },
    { NOMOS_NOTIFY_URL: 'https://user:hidden@hooks.bank.example' },
    { NOMOS_NOTIFY_URL: 'https://hooks.bank.example', NOMOS_NOTIFY_SECRET: 'short' },
  ])('is refused when it cannot work, without repeating a secret: %j', (variables) => {
    const read = () => readNotifyOptions(undefined, variables);
    expect(read).toThrow(expect.objectContaining({ code: 'CONFIGURATION_INVALID' }));
    expect(read).not.toThrow(/hidden|short$/);
  });
});
