import { defaultNorm, type ImpactLine } from '@nomos/schemas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const dayMs = 24 * 60 * 60 * 1000;
const startedAt = Date.now();
let aheadMs = 0;
const clock = () => new Date(Date.now() + aheadMs);
const inDays = (days: number) => new Date(startedAt + days * dayMs).toISOString();

let fixture: RegistryFixture;
let call: Client;
let credentials: Awaited<ReturnType<typeof registerBank>>;

/** The default norm with underscores in topics. */
function bank(version: number) {
  const names = { ...defaultNorm.names, topic: { template: '{domain}_{app}_{entity}_{event}' } };
  return { ...defaultNorm, name: 'bank', version, names };
}

const topic = (name: string, environments = ['dev']) => ({
  ...{ name, application: 'paycore', description: 'For a test', environments },
});

async function normOf(environment: string | undefined, by: Client = call): Promise<unknown> {
  const query = environment === undefined ? '' : `?environment=${environment}`;
  const { body } = await by('GET', `/v1/norms/active${query}`);
  return `${body.name}@${body.version}`;
}

beforeAll(async () => {
  fixture = await createRegistryFixture({ clock });
  call = clientOf(fixture.registry.url, fixture.admin);
  credentials = await registerBank(call);
});
afterAll(() => fixture?.close());

describe('drafts', () => {
  test('the shipped norm is in force on an empty database, once', async () => {
    const { body } = await call('GET', '/v1/norms');
    expect(body.items).toMatchObject([{ name: 'default', version: 1, state: 'active' }]);
    expect(await normOf(undefined)).toBe('default@1');
    expect((await call('GET', '/v1/norms/default/1')).body.document).toEqual(defaultNorm);
  });

  test('are saved as JSON and as YAML, changed by their ETag, and deleted', async () => {
    const saved = await call('POST', '/v1/norms', { document: bank(90) });
    expect([saved.status, saved.body.state, saved.headers.get('etag')]).toEqual([201, 'draft', '"1"']);
    expect(saved.headers.get('location')).toBe('/v1/norms/bank/90');
    expect((await call('POST', '/v1/norms', { document: bank(90) })).status).toBe(409);
    const yaml = JSON.stringify({ ...bank(90), messages: { key: 'optional' } }, null, 1);
    const stale = await call('PUT', '/v1/norms/bank/90', { yaml }, { 'if-match': '"7"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'VERSION_CONFLICT']);
    const changed = await call('PUT', '/v1/norms/bank/90', { yaml }, { 'if-match': '"1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body.document).toMatchObject({ messages: { key: 'optional' } });
    expect((await call('DELETE', '/v1/norms/bank/90', undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect((await call('DELETE', '/v1/norms/bank/90', undefined, { 'if-match': '"2"' })).status).toBe(204);
    expect((await call('GET', '/v1/norms/bank/90')).status).toBe(404);
  });

  test('are refused with every fault and where it is', async () => {
    const form = await call('POST', '/v1/norms', { document: { kind: 'Norm', names: { topic: {} } } });
    expect([form.status, form.body.code]).toEqual([422, 'NORM_INVALID']);
    expect(form.body.violations).toEqual(
      expect.arrayContaining([expect.objectContaining({ where: '/names/topic' })]),
    );
    const document = {
      ...bank(91),
      segments: { ...defaultNorm.segments, region: { match: '[a-z]{2}' } },
      names: { ...defaultNorm.names, topic: { template: '{domain}{app}-{entity}-{event}' } },
      rules: { 'no-forbidden-word': { level: 'block', words: ['test', 'y'.repeat(32), 'z'.repeat(31)] } },
    };
    const sense = await call('POST', '/v1/norms', { document });
    const pointers = sense.body.violations as { rule: string; where: string }[];
    expect(pointers.map(({ rule, where }) => `${rule} ${where}`)).toEqual([
      'norm-ambiguous /names/topic/template',
      'norm-dead-rule /segments/region',
    ]);
    const moved = await call('POST', '/v1/norms', { document: bank(92) });
    expect(moved.status).toBe(201);
    const other = await call('PUT', '/v1/norms/bank/92', { document: bank(93) });
    expect(other.body.violations).toMatchObject([{ where: '/version', expected: '92' }]);
    await call('DELETE', '/v1/norms/bank/92');
  });

  test.each([
    ['not YAML', 'a: [1'],
    ['aliases', `a: &a [x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]`],
    ['nesting without end', '['.repeat(50_000)],
    ['a key twice', 'kind: Norm\nkind: Norm'],
    ['the character NUL', 'kind: "\\0"'],
    ['a prototype', '__proto__: { kind: Norm }'],
    ['a key twice in other words', '1: a\n"1": b'],
    ['a key that is a map', '? { a: 1 }\n: b'],
    ['a tag of its own', 'kind: !mine Norm'],
    ['nothing', ''],
  ])('of YAML with %s are refused', async (_what, yaml) => {
    const answer = await call('POST', '/v1/norms', { yaml });
    expect([answer.status, answer.body.code]).toEqual([422, 'NORM_INVALID']);
    expect(answer.body.violations).not.toEqual([]);
  });

  test.each([
    ['keys of a flow', `{${Array.from({ length: 11_000 }, (_, index) => index).join(',')}}`],
    ['keys within the bounds', `{${Array.from({ length: 3_900 }, (_, index) => index).join(',')}}`],
    ['keys of a block', Array.from({ length: 8_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['tags', '!!a '.repeat(15_000)],
    ['faults', '}'.repeat(60_000)],
  ])('of YAML with very many %s are refused without keeping the registry busy', async (_what, yaml) => {
    const before = process.cpuUsage();
    expect((await call('POST', '/v1/norms', { yaml })).status).toBe(422);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1_000);
  });

  test('can be tried on names before anything is in force', async () => {
    await call('POST', '/v1/norms', { document: bank(1) });
    const names = [
      { kind: 'topic', name: 'pay-paycore-transfer-completed', application: 'paycore' },
      { kind: 'topic', name: 'pay_paycore_transfer_completed', application: 'paycore' },
    ];
    const { body } = await call('POST', '/v1/norms/bank/1:preview', { names });
    expect(body.items).toMatchObject([
      { ok: false, norm: 'bank@1', suggestion: 'pay_paycore_transfer_completed' },
      { ok: true, segments: { app: 'paycore', event: 'completed' } },
    ]);
  });
});

describe('a replay', () => {
  async function replay(path: string): Promise<ImpactLine[]> {
    const response = await fetch(`${fixture.registry.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fixture.admin}` },
    });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as ImpactLine);
  }

  test('tells who would break, by owner, with rules and new names, and which sessions', async () => {
    const paycore = clientOf(fixture.registry.url, credentials.paycore);
    const opened = await paycore('POST', '/v1/sessions', {
      ...{ application: 'paycore', environment: 'dev', instance: 'one', sdk: 'spec 1.0' },
      producers: [{ group: 'pg-paycore-transfer', topics: ['pay-paycore-transfer-completed'] }],
    });
    expect(opened.status).toBe(201);
    const lines = await replay('/v1/norms/bank/1:impact?environment=dev');
    expect(lines[0]).toMatchObject({ type: 'progress' });
    expect(lines.filter(({ type }) => type === 'owner')).toEqual([
      {
        ...{ type: 'owner', team: 'payments', application: 'paycore' },
        names: ['completed', 'rejected'].map((event) => ({
          ...{ kind: 'topic', name: `pay-paycore-transfer-${event}`, rules: ['template-shape'] },
          ...{ suggestion: `pay_paycore_transfer_${event}`, brokenAlready: false },
        })),
      },
    ]);
    expect(lines.filter(({ type }) => type === 'session')).toMatchObject([
      { session: opened.body.session, names: [{ kind: 'topic', name: 'pay-paycore-transfer-completed' }] },
    ]);
    expect(lines.at(-1)).toMatchObject({
      ...{ type: 'summary', norm: 'bank@1', against: 'default@1', byRule: { 'template-shape': 2 } },
      topics: { judged: 2, breaking: 2, waived: 0 },
      consumerGroups: { judged: 2, breaking: 0, waived: 0 },
      sessions: { judged: 1, breaking: 1 },
    });
    await paycore('DELETE', `/v1/sessions/${opened.body.session}`);
  });

  test('of the norm in force finds nothing, and none of an unknown norm is made', async () => {
    const summary = (await replay('/v1/norms/default/1:impact')).at(-1);
    expect(summary).toMatchObject({ topics: { breaking: 0 }, producerGroups: { breaking: 0 } });
    expect((await call('POST', '/v1/norms/bank/77:impact')).status).toBe(404);
  });
});

describe('coming into force', () => {
  const check = async (name: string, environment?: string) =>
    (
      await call('POST', '/v1/names/check', {
        ...{ kind: 'topic', name, application: 'paycore' },
        ...(environment === undefined ? {} : { environment }),
      })
    ).body;

  test('goes from observe over warn to block by the clock alone, on two instances alike', async () => {
    const other = await fixture.startAnother();
    const there = clientOf(other.url, fixture.admin);
    const dates = { warnFrom: inDays(10), blockFrom: inDays(20) };
    const activated = await call('POST', '/v1/norms/bank/1:activate', { environment: 'dev', ...dates });
    expect(activated.body).toMatchObject({
      ...{ environment: 'dev', norm: 'default@1', rollout: { norm: 'bank@1', stage: 'observe', ...dates } },
    });
    const stages = [];
    for (const days of [0, 11, 21]) {
      aheadMs = days * dayMs;
      const reading = await check('pay-paycore-order-opened', 'dev');
      const rollout = reading.rollout as { stage: string; breaks: string[] } | undefined;
      const { warnings } = reading as { warnings: { message: string }[] };
      stages.push([reading.ok, reading.norm, rollout?.stage, rollout?.breaks, warnings.length]);
      expect(await normOf('dev', there)).toBe(reading.norm);
      if (rollout?.stage === 'warn') expect(warnings[0]?.message).toContain('by the norm bank@1');
    }
    aheadMs = 0;
    expect(stages).toEqual([
      [true, 'default@1', 'observe', ['template-shape'], 0],
      [true, 'default@1', 'warn', ['template-shape'], 3],
      [false, 'bank@1', undefined, undefined, 0],
    ]);
    await other.close();
  });

  test('counts names in use that will break', async () => {
    const name = 'pay-paycore-observed-opened';
    expect((await call('POST', '/v1/topics', topic(name))).status).toBe(201);
    const paycore = clientOf(fixture.registry.url, credentials.paycore);
    const open = (instance: string, topics: string[], query = '') =>
      paycore('POST', `/v1/sessions${query}`, {
        ...{ application: 'paycore', environment: 'dev', instance, sdk: 'spec 1.0' },
        producers: [{ group: 'pg-paycore-transfer', topics }],
      });
    // What is only tried or refused is not in use.
    expect((await open('one', [name], '?dryRun=true')).status).toBe(201);
    expect((await open('one', [name, 'pay-paycore-invented-opened'])).status).toBe(403);
    for (const instance of ['one', 'two']) {
      const { status, body } = await open(instance, [name]);
      expect(status).toBe(201);
      await paycore('DELETE', `/v1/sessions/${body.session}`);
    }
    await expect
      .poll(async () => (await call('GET', '/v1/norms/bank/1/observations')).body.items, { timeout: 15_000 })
      .toMatchObject([{ kind: 'topic', name, application: 'paycore', rules: ['template-shape'], count: 2 }]);
  });

  test('decides about registrations in its environment only, and in all where it is the default', async () => {
    const roll = { environment: 'dev' };
    expect((await call('POST', '/v1/norms/bank/1:activate', roll)).body).toMatchObject({ norm: 'bank@1' });
    expect([await normOf('dev'), await normOf('prod'), await normOf(undefined)]).toEqual([
      ...['bank@1', 'default@1', 'default@1'],
    ]);
    const old = await call('POST', '/v1/topics', topic('pay-paycore-limit-opened'));
    expect([old.status, rulesOf(old)]).toEqual([422, ['template-shape', 'template-shape', 'template-shape']]);
    expect(old.body.detail).toContain('bank@1');
    expect((await call('POST', '/v1/topics', topic('pay_paycore_limit_opened'))).status).toBe(201);
    expect((await call('POST', '/v1/topics', topic('pay-paycore-limit-opened', ['prod']))).status).toBe(201);
    const both = await call('POST', '/v1/topics', topic('pay-paycore-limit-closed', ['dev', 'prod']));
    expect([both.status, String(both.body.detail).includes('bank@1, default@1')]).toEqual([422, true]);
  });

  test('reaches admission and the edges of the environment', async () => {
    const token = await call('POST', '/v1/tokens', { role: 'edge', description: 'x', environment: 'dev' });
    const edge = clientOf(fixture.registry.url, String(token.body.token));
    const bundle = await edge('GET', '/v1/edge/bundle?environment=dev');
    expect(bundle.body.norm).toBe('bank@1');
    const paycore = clientOf(fixture.registry.url, credentials.paycore);
    const manifest = (name: string) => ({
      ...{ application: 'paycore', environment: 'dev', instance: 'two', sdk: 'spec 1.0' },
      producers: [{ group: 'pg-paycore-transfer', topics: [name] }],
    });
    const refused = await paycore('POST', '/v1/sessions', manifest('pay-paycore-transfer-completed'));
    expect([refused.status, new Set(rulesOf(refused))]).toEqual([403, new Set(['template-shape'])]);
    const admitted = await paycore('POST', '/v1/sessions', manifest('pay_paycore_limit_opened'));
    expect(admitted.body.norm).toMatchObject({ name: 'bank', version: 1 });
  });

  test('can be taken back, step by step, and not beyond the first', async () => {
    await call('POST', '/v1/norms', { document: bank(2) });
    const rollBack = (norm: string) => call('POST', '/v1/norms:roll-back', { norm, environment: 'dev' });
    const token = await call('POST', '/v1/tokens', { role: 'edge', description: 'x', environment: 'dev' });
    const edge = clientOf(fixture.registry.url, String(token.body.token));
    const { headers } = await edge('GET', '/v1/edge/bundle?environment=dev');
    await call('POST', '/v1/norms/bank/2:activate', { environment: 'dev' });
    const states = async () =>
      ((await call('GET', '/v1/norms')).body.items as { name: string; version: number; state: string }[]).map(
        ({ name, version, state }) => `${name}@${version} ${state}`,
      );
    expect(await states()).toEqual(['bank@1 superseded', 'bank@2 active', 'default@1 active']);
    const answer = await edge('GET', '/v1/edge/bundle?environment=dev', undefined, {
      'if-none-match': headers.get('etag') ?? '',
    });
    expect([answer.status, answer.body.norm]).toEqual([200, 'bank@2']);
    expect((await call('PUT', '/v1/norms/bank/2', { document: bank(2) })).body.code).toBe('NORM_STATE');
    expect((await call('DELETE', '/v1/norms/bank/1')).body.code).toBe('NORM_STATE');
    expect((await call('POST', '/v1/norms/bank/2:activate', { environment: 'dev' })).body.code).toBe(
      'NORM_STATE',
    );

    const [one, two] = await Promise.all([rollBack('bank@2'), rollBack('bank@2')]);
    expect([one?.status, two?.status].sort()).toEqual([200, 412]);
    expect(await normOf('dev')).toBe('bank@1');
    // The first norm of the environment; without it the default holds.
    expect((await rollBack('bank@1')).body).toMatchObject({ norm: 'default@1' });
    expect((await rollBack('default@1')).body.code).toBe('NORM_STATE');
    expect((await call('POST', '/v1/norms:roll-back', { norm: 'default@1' })).body.code).toBe('NORM_STATE');
    expect(await states()).toEqual(['bank@1 superseded', 'bank@2 superseded', 'default@1 active']);
  });

  test('a norm that is replaced on its way leaves no trace in the chain', async () => {
    await call('POST', '/v1/norms/bank/1:activate', { blockFrom: inDays(5) });
    await call('POST', '/v1/norms/bank/2:activate', { blockFrom: inDays(9) });
    const { body } = await call('GET', '/v1/norms/in-force');
    expect(body.items).toMatchObject([{ norm: 'default@1', rollout: { norm: 'bank@2', stage: 'warn' } }]);
    const back = await call('POST', '/v1/norms:roll-back', { norm: 'bank@2' });
    expect([back.body.norm, back.body.rollout]).toEqual(['default@1', undefined]);
  });

  test.each([
    [{ warnFrom: inDays(1) }],
    [{ warnFrom: inDays(3), blockFrom: inDays(2) }],
    [{ blockFrom: 'tomorrow' }],
    [{ environment: 'nowhere' }],
  ])('is refused with %j', async (body) => {
    expect((await call('POST', '/v1/norms/bank/1:activate', body)).body.code).toBe('REQUEST_INVALID');
  });
});

describe('many names in one call', () => {
  test('are read in their order, with registered names that they may be taken for', async () => {
    const names = [
      { kind: 'topic', name: 'pay-paycore-transfer-complete', application: 'paycore' },
      { kind: 'topic', name: 'pay-paycore-transfer-completed', application: 'paycore' },
      { kind: 'consumer-group', name: 'cg-sms-notfiy', application: 'sms' },
      { kind: 'producer-group', name: 'cg_sms', application: 'sms' },
      { kind: 'tag', name: 'OUT' },
    ];
    const { body } = await call('POST', '/v1/names/check-many', { names });
    const items = body.items as { ok: boolean; warnings: { rule: string; suggestion?: string }[] }[];
    expect(items.map(({ ok, warnings }) => [ok, warnings.map(({ suggestion }) => suggestion)])).toEqual([
      [true, ['pay-paycore-transfer-completed']],
      [true, []],
      [true, ['cg-sms-notify']],
      [false, []],
      [true, []],
    ]);
    const tooMany = Array.from({ length: 1001 }, () => names[0]);
    expect((await call('POST', '/v1/names/check-many', { names: tooMany })).status).toBe(400);
  });

  test('know a new word at once on every instance', async () => {
    const other = await fixture.startAnother();
    const there = clientOf(other.url, fixture.admin);
    const body = { kind: 'topic', name: 'fx-dealing-rate-quoted' };
    expect((await there('POST', '/v1/names/check', body)).body.ok).toBe(false);
    await call('POST', '/v1/domains', { code: 'fx', description: 'x' });
    const application = { code: 'dealing', description: 'x', team: 'payments', domain: 'fx' };
    await call('POST', '/v1/applications', application);
    expect((await there('POST', '/v1/names/check', body)).body.ok).toBe(true);
    await call('DELETE', '/v1/applications/dealing');
    expect((await there('POST', '/v1/names/check', body)).body.ok).toBe(false);
    await other.close();
  });
});
