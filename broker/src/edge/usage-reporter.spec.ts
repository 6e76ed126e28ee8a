import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { silentLogger, type UsageEntry, type UsageReport, usageReportSchema } from '@nomos/schemas';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../core/simulated-clock.js';
import { UsageReporter } from './usage-reporter.js';

const INTERVAL_MS = 15_000;
const token = 'the-token-of-the-edge';

let server: Server;
let url: string;
let clock: SimulatedClock;
let reporter: UsageReporter | undefined;
/** What arrived, and what the server answers by turns: a status, nothing at all, or 204 when none is left. */
let received: UsageReport[];
let answers: (number | 'silence' | 'hang-up')[];
let counted: UsageEntry[];

beforeEach(async () => {
  [received, answers, counted, clock] = [[], [], [], new SimulatedClock()];
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    expect(request.headers.authorization).toBe(`Bearer ${token}`);
    expect([request.method, request.url]).toEqual(['POST', '/v1/edge/usage']);
    received.push(usageReportSchema.parse(JSON.parse(Buffer.concat(parts).toString())));
    const answer = answers.shift() ?? 204;
    if (answer === 'hang-up') return request.socket.destroy();
    if (answer === 'silence') return;
    response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  url = `http://127.0.0.1:${address.port}`;
  let ids = 0;
  reporter = new UsageReporter({
    ...{ registryUrl: url, token, environment: 'dev', clock, log: silentLogger },
    newId: () => {
      ids += 1;
      return `report-${ids}`;
    },
    counts: { take: () => counted.splice(0) },
  });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await reporter?.close();
});

function entry(count: number, instance = 'one'): UsageEntry {
  return {
    ...{ kind: 'published', topic: 'pay-paycore-transfer-completed', group: '', application: 'paycore' },
    ...{ instance, count, lastAt: '2026-11-21T12:00:00.000Z' },
  };
}

/** Lets one interval pass, and the reports that were due arrive. */
async function interval(reports: number): Promise<void> {
  const expected = received.length + reports;
  await clock.advance(INTERVAL_MS);
  await expect.poll(() => received.length, { timeout: 8_000 }).toBe(expected);
  // The next one is scheduled when this one has its answer.
  await expect.poll(() => clock.timerCount, { timeout: 8_000 }).toBe(1);
}

const counts = () => received.map(({ id, entries }) => [id, entries.map(({ count }) => count)]);

describe('usage is reported', () => {
  test('each interval what was counted since, and that nothing was', async () => {
    counted.push(entry(3));
    await interval(1);
    await interval(1);
    counted.push(entry(4));
    await interval(1);
    expect(counts()).toEqual([
      ['report-1', [3]],
      ['report-2', []],
      ['report-3', [4]],
    ]);
  });

  test('in parts that the registry takes', async () => {
    counted.push(...Array.from({ length: 2_300 }, (_, index) => entry(1, `client-${index}`)));
    await interval(3);
    expect(received.map(({ entries }) => entries.length)).toEqual([1000, 1000, 300]);
  });

  test.each([500, 503, 429, 302, 'hang-up'] as const)(
    'again under the same id after %s, and what was counted meanwhile comes with the next',
    async (failure) => {
      counted.push(entry(3));
      answers.push(failure);
      await interval(1);
      counted.push(entry(4));
      // The report that waits first; while it does, counts add up where they are.
      await interval(1);
      await interval(1);
      expect(counts()).toEqual([
        ['report-1', [3]],
        ['report-1', [3]],
        ['report-2', [4]],
      ]);
    },
  );

  test('again after a registry that does not answer', { timeout: 15_000 }, async () => {
    counted.push(entry(3));
    answers.push('silence');
    await interval(1);
    await interval(1);
    expect(counts()).toEqual([
      ['report-1', [3]],
      ['report-1', [3]],
    ]);
  });

  test.each([400, 401, 403, 404, 413])(
    'never again after %i: it would hold up those behind it',
    async (status) => {
      counted.push(entry(3));
      answers.push(status);
      await interval(1);
      counted.push(entry(4));
      await interval(1);
      expect(counts()).toEqual([
        ['report-1', [3]],
        ['report-2', [4]],
      ]);
    },
  );

  test('at the end what is left, once', async () => {
    counted.push(entry(3));
    await reporter?.close();
    expect(counts()).toEqual([['report-1', [3]]]);
    expect(clock.timerCount).toBe(0);
    reporter = undefined;
  });
});
