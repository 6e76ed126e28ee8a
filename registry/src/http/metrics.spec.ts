import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

let fixture: RegistryFixture;
let call: Client;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  await registerBank(call);
});
afterAll(() => fixture?.close());

async function scrape(): Promise<string> {
  const answer = await call('GET', '/metrics');
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return String(answer.body.text);
}

/** The value of a series, as it is written. */
function readSeries(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

describe('/metrics', () => {
  test('counts answers by route, method and status', async () => {
    const series = 'nomos_http_request_duration_seconds_count{route="topics.read",method="GET",status="404"}';
    await call('GET', '/v1/topics/nowhere-1');
    const before = readSeries(await scrape(), series);
    await call('GET', '/v1/topics/nowhere-2');
    await call('GET', '/v1/topics/nowhere-3');
    expect(readSeries(await scrape(), series)).toBe(before + 2);
  });

  test('tells revisions, sessions, connections and the event loop', async () => {
    const before = await scrape();
    await call('PATCH', '/v1/topics/pay-paycore-transfer-completed', { description: 'Other' });
    const after = await scrape();
    const revision = 'nomos_environment_revision{environment="dev"}';
    expect(readSeries(after, revision)).toBe(readSeries(before, revision) + 1);
    expect(readSeries(after, 'nomos_sessions_live{environment="dev"}')).toBe(0);
    expect(readSeries(after, 'nomos_database_up')).toBe(1);
    expect(readSeries(after, 'nomos_database_connections{state="most"}')).toBeGreaterThan(0);
    expect(readSeries(after, 'nomos_event_loop_delay_seconds{quantile="1"}')).toBeGreaterThanOrEqual(0);
    expect(readSeries(after, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(after).toMatch(/nomos_registry_info\{version="\d[^"]*",node="v\d[^"]*"\} 1/);
  });

  test('has no series that a caller makes up', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => call('GET', `/made/up/${index}?x=${index}`)));
    const text = await scrape();
    expect(text).not.toContain('made');
    expect(text).toContain('route="none",method="GET",status="404"');
  });

  test('names exactly the metrics that the documentation explains', async () => {
    const actual = [...(await scrape()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    const page = await readFile(new URL('../../../docs/registry/api.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `((?:nomos|process)_\w+)/gm)].map(([, name]) => name);
    expect(actual.sort()).toEqual(documented.sort());
  });

  test('needs a token, unless it is open to this machine', async () => {
    const get = (url: string, headers = {}) => fetch(`${url}/metrics`, { headers });
    expect((await get(fixture.registry.url)).status).toBe(401);
    const open = await fixture.startAnother({ metricsOpenToLoopback: true });
    try {
      expect((await get(open.url)).status).toBe(200);
      expect((await get(open.url, { 'x-forwarded-for': '127.0.0.1' })).status).toBe(401);
      expect((await fetch(`${open.url}/v1/topics`)).status).toBe(401);
    } finally {
      await open.close();
    }
  });
});
