import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type EdgeDelta, type EdgeTopic, silentLogger } from '@nomos/schemas';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { GROUP, OTHER_GROUP, OTHER_TOPIC, TOPIC, testBundle } from './bundle.spec.support.js';
import { RegistryBundleSource } from './registry-bundle-source.js';

let server: Server;
let registryUrl: string;
let bundle = testBundle();
let status = 200;
let kept: string | undefined;
let questions: string[];
let waiting: (() => void)[];
/** What the next answer is instead of the bundle. */
let answerOnce: object | undefined;

beforeEach(async () => {
  bundle = testBundle();
  status = 200;
  kept = undefined;
  questions = [];
  waiting = [];
  answerOnce = undefined;
  server = createServer((request, response) => {
    questions.push(`${request.url} ${request.headers.authorization}`);
    const answer = () => {
      const etag = `"${bundle.revision}"`;
      if (answerOnce !== undefined) {
        response.writeHead(200, { etag }).end(JSON.stringify(answerOnce));
        answerOnce = undefined;
        return;
      }
      if (status === 200 && request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(status, { etag }).end(JSON.stringify(bundle));
    };
    const isNews = request.headers['if-none-match'] !== `"${bundle.revision}"`;
    if (request.url?.includes('wait=') && !isNews) waiting.push(answer);
    else answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  registryUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function open(url = registryUrl, token = 'secret-token') {
  const file = {
    read: () => kept,
    write: (text: string) => {
      kept = text;
    },
    append: (text: string) => {
      kept += text;
    },
  };
  const options = { registryUrl: url, token, environment: 'dev', file };
  return RegistryBundleSource.open({ ...options, clock: systemClock, log: silentLogger });
}

test('it follows the registry by long polling, with its token, and keeps the last bundle', async () => {
  const source = await open();
  expect(source.current().revision).toBe(5);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  bundle = testBundle({ revision: 6 });
  for (const answer of waiting.splice(0)) answer();
  await vi.waitFor(() => expect(source.current().revision).toBe(6));
  expect(JSON.parse(kept ?? '{}').revision).toBe(6);
  expect(questions[0]).toBe('/v1/edge/bundle?environment=dev Bearer secret-token');
  await source.close();
});

/** A delta to the test bundle in which nothing but the counts changes. */
function delta(changes: Partial<EdgeDelta> = {}): EdgeDelta {
  return {
    ...{ environment: 'dev', since: 5, revision: 5, revocations: 0, norm: 'default@1', revoked: [] },
    touched: { topics: [], consumerGroups: [], applications: [] },
    ...{ topics: [], consumerGroups: [], accessKeys: [], ...changes },
  };
}

test('what has changed comes on its own, is added to the bundle, and is kept with it', async () => {
  const source = await open();
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  const revoked = ['session-1', 'session-2'];
  const [, topic] = bundle.topics;
  const touched = { topics: [TOPIC, 'pay-paycore-a1-b1'], consumerGroups: [GROUP], applications: ['sms'] };
  answerOnce = delta({
    ...{ revision: 6, revocations: 2, revoked, touched, norm: 'default@2' },
    topics: [{ ...topic, name: 'pay-paycore-a1-b1' } as EdgeTopic],
  });
  for (const answer of waiting.splice(0)) answer();
  await vi.waitFor(() => expect(source.current().revision).toBe(6));
  const after = source.current();
  expect([...after.topics.keys()]).toEqual([OTHER_TOPIC, 'pay-paycore-a1-b1']);
  expect([...after.consumerGroups.keys()]).toEqual([OTHER_GROUP]);
  expect([...after.accessKeys.keys()]).toEqual(['paycore-key', 'ledger-key']);
  expect([...after.revokedSessions]).toEqual(revoked);
  expect([after.consumes('sms', TOPIC), after.consumes('ledger', TOPIC)]).toEqual([false, true]);
  expect(questions.at(-1)).toContain('delta=true');
  // What adds to a later bundle, or was overtaken, changes nothing.
  for (const more of [
    { since: 7, revision: 8 },
    { revision: 5 },
    { revocations: 1 },
    { environment: 'prod' },
  ]) {
    answerOnce = delta({ revision: 6, revocations: 3, revoked: ['session-3'], ...more });
    await source.refresh();
    expect(source.current()).toBe(after);
  }
  await source.close();
  const again = await open('http://127.0.0.1:1');
  expect(again.current().toBundle()).toEqual(after.toBundle());
  await again.close();
});

test('a kept bundle of which the end is missing counts as far as it goes', async () => {
  const lines = [
    JSON.stringify(testBundle()),
    JSON.stringify(delta({ revision: 6 })),
    JSON.stringify(delta({ since: 6, revision: 7 })).slice(0, -9),
  ];
  kept = lines.join('\n');
  const source = await open('http://127.0.0.1:1');
  expect(source.current().revision).toBe(6);
  await source.close();
});

test('refresh asks at once', async () => {
  const source = await open();
  bundle = testBundle({ revision: 7 });
  await source.refresh();
  expect(source.current().revision).toBe(7);
  await source.close();
});

test('a registry that was restored from a backup counts, though its revisions are lower', async () => {
  kept = JSON.stringify(testBundle({ revision: 900 }));
  const source = await open();
  expect(source.current().revision).toBe(5);
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  bundle = testBundle({ revision: 3 });
  for (const answer of waiting.splice(0)) answer();
  await vi.waitFor(() => expect(source.current().revision).toBe(3));
  expect(JSON.parse(kept ?? '{}').revision).toBe(3);
  await source.close();
});

test('an answer that was overtaken by a newer one does not bring the past back', async () => {
  const source = await open();
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  bundle = testBundle({ revision: 9 });
  await source.refresh();
  bundle = testBundle({ revision: 8 });
  for (const answer of waiting.splice(0)) answer();
  bundle = testBundle({ revision: 9 });
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  expect(source.current().revision).toBe(9);
  await source.close();
});

test('a URL or a token that cannot be one is told as such, also where a bundle is kept', async () => {
  kept = JSON.stringify(testBundle());
  for (const url of ['registry:8080', 'nonsense', 'file:///etc/passwd']) {
    await expect(open(url)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  }
  const failure = await open(registryUrl, 'secret-token\n').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'CONFIGURATION_INVALID' });
  expect(String(failure)).not.toContain('secret-token');
});

test('without a registry it starts from the kept bundle, and goes on when the registry is back', async () => {
  kept = JSON.stringify(testBundle({ revision: 4 }));
  const source = await open('http://127.0.0.1:1');
  expect(source.current().revision).toBe(4);
  expect(source.isReachable()).toBe(false);
  await source.close();
});

test('a registry that goes away is noticed, and noticed again when it is back', async () => {
  const source = await open();
  status = 500;
  for (const answer of waiting.splice(0)) answer();
  bundle = testBundle({ revision: 8 });
  server.closeAllConnections();
  await vi.waitFor(() => expect(source.isReachable()).toBe(false));
  status = 200;
  await vi.waitFor(() => expect(source.isReachable()).toBe(true), 5_000);
  expect(source.current().revision).toBe(8);
  await source.close();
});

test('nothing to start from, and a refused token, are errors that do not tell the token', async () => {
  await expect(open('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  kept = JSON.stringify({ ...testBundle(), environment: 'prod' });
  await expect(open('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  status = 401;
  const failure = await open().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(String(failure)).not.toContain('secret-token');
});
