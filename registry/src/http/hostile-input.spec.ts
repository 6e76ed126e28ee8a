import { connect } from 'node:net';
import { limits } from '@nomos/schemas';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CallerTokens, tokenFor } from '../testing/callers.js';
import { type Client, clientOf, registerBank, rulesOf } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { allRoutes } from './routes/all-routes.js';

let fixture: RegistryFixture;
let call: Client;
let tokens: CallerTokens;
const description = 'For a test';

beforeAll(async () => {
  fixture = await createRegistryFixture();
  call = clientOf(fixture.registry.url, fixture.admin);
  const { sms } = await registerBank(call);
  const edge = await call('POST', '/v1/tokens', { role: 'edge', environment: 'dev', description });
  tokens = { 'platform-admin': fixture.admin, application: sms, edge: String(edge.body.token) };
});
afterAll(() => fixture?.close());

const hostileValues: [what: string, value: unknown][] = [
  ['null', null],
  ['a number', 1e308],
  ['a list', [[[]]]],
  ['an object', { $gt: '' }],
  ['an empty text', ''],
  ['NUL', 'a\u0000b'],
  ['half a surrogate pair', 'a\ud800b'],
  ['a long text', 'x'.repeat(300_000)],
  ['SQL', `'; DROP TABLE "Topic"; --`],
  ['a path', '../../etc/passwd'],
  ['look-alikes', 'раy-раусоrе-transfer-completed'],
  ['a right-to-left override', 'pay-\u202epaycore-transfer-completed'],
  ['a pattern bomb', `${'a'.repeat(200)}!`],
];

const bodyRoutes = allRoutes.filter(({ request: { body } }) => body !== undefined);

describe('bodies of the wrong kind', () => {
  test.each(
    bodyRoutes.map(({ method, path, permission }) => [method.toUpperCase(), path, permission] as const),
  )('%s %s', async (method, path, permission) => {
    const caller = clientOf(fixture.registry.url, tokenFor(permission, tokens));
    const url = path
      .replace('{code}', 'paycore')
      .replace('{name}', 'pay-paycore-transfer-completed')
      .replace('{group}', 'cg-sms-notify')
      .replace('{topic}', 'pay-paycore-transfer-completed');
    for (const body of [
      'null',
      '[]',
      '1',
      '"text"',
      '{',
      '',
      '{"a":1e999}',
      '[[[[]]]]',
      '{"description":"x\\u0000"}',
    ]) {
      const answer = await caller(method, url, body);
      expect(answer.status, `${body} ${JSON.stringify(answer.body)}`).toBe(400);
      expect(answer.body.code).toBe('REQUEST_INVALID');
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    }
  });
});

describe.each(hostileValues)('%s', (_what, value) => {
  test.each([
    ['domains', { code: value, description }],
    ['teams', { code: 'hostile', description, contacts: [{ kind: 'email', value: { value } }] }],
    ['applications', { code: value, description, team: 'payments', domain: 'pay' }],
    ['environments', { code: 'hostile', description, endpoints: [value] }],
    ['topics', { name: value, application: 'paycore', description, environments: ['dev'] }],
    ['topics', { name: 'pay-paycore-order-opened', application: value, description, environments: ['dev'] }],
    [
      'topics',
      { name: 'pay-paycore-order-opened', application: 'paycore', description, environments: [value] },
    ],
    ['producer-groups', { name: value, application: 'paycore', description, environments: ['dev'] }],
    ['consumer-groups', { name: value, application: 'paycore', description, environments: ['dev'] }],
    ['subscriptions', { group: value, topic: value }],
    ['tokens', { role: value, description }],
  ])('is refused in %s', async (collection, body) => {
    const answer = await call('POST', `/v1/${collection}`, body);
    expect([400, 422]).toContain(answer.status);
    expect(rulesOf(answer).length).toBeGreaterThan(0);
    // Nothing that was sent at length comes back at length.
    expect(JSON.stringify(answer.body).length).toBeLessThan(20_000);
  });

  test('is refused or harmless in paths and queries', async () => {
    const text = encodeURIComponent(
      typeof value === 'string' ? value.slice(0, 5_000).replaceAll('\ud800', '') : String(value),
    );
    for (const path of [`/v1/topics/${text}`, `/v1/topics?application=${text}`, `/v1/topics?limit=${text}`]) {
      const answer = await call('GET', path);
      expect(answer.status, path.slice(0, 100)).toBeLessThan(500);
    }
  });
});

describe('shapes', () => {
  test('unknown fields are named, all of them', async () => {
    const answer = await call('POST', '/v1/domains', { code: 'x y', description: '', more: 1, evenMore: 2 });
    const { violations } = answer.body as { violations: { where: string }[] };
    expect(violations.map(({ where }) => where).sort()).toEqual(['code', 'description', 'evenMore', 'more']);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('the key %s goes nowhere', async (key) => {
    const body = `{"code":"proto","description":"x","${key}":{"status":"retired","polluted":true}}`;
    const answer = await call('POST', '/v1/domains', body);
    expect([answer.status, rulesOf(answer)]).toEqual([400, ['illegal-key']]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('deep nesting does not exhaust the stack', async () => {
    const depth = 400_000;
    const body = `{"code":"deep","description":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const answer = await call('POST', '/v1/domains', body);
    expect([answer.status, rulesOf(answer)]).toEqual([400, ['too-deep']]);
  });

  test('many wrong elements give a bounded answer', async () => {
    const environments = Array.from({ length: 100_000 }, () => '!');
    const answer = await call('POST', '/v1/topics', {
      name: 'x',
      application: 'paycore',
      description,
      environments,
    });
    expect(answer.status).toBe(400);
    expect(rulesOf(answer).length).toBeLessThanOrEqual(100);
  });

  test('a body that is too large is refused, also without a stated length', async () => {
    const body = JSON.stringify({ code: 'large', description: 'x'.repeat(limits.requestBodyBytes) });
    const answer = await call('POST', '/v1/domains', body);
    expect([answer.status, answer.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test('a stranger cannot make the registry read a large body', async () => {
    const answer = await request(fixture.registry.url)
      .post('/v1/domains')
      .set('content-type', 'application/json')
      .send(JSON.stringify({ description: 'x'.repeat(500_000) }));
    expect(answer.status).toBe(401);
  });

  test('a body that is not marked as JSON is refused with the reason', async () => {
    const answer = await request(fixture.registry.url)
      .post('/v1/domains')
      .set('authorization', `Bearer ${fixture.admin}`)
      .type('form')
      .send('code=form&description=x');
    expect([answer.status, answer.body.code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
    expect(answer.body.fix).toContain('application/json');
  });

  test.each([
    '/v1/topics/%',
    '/v1/topics/%ff',
    '/v1/topics/%00',
    '/v1/topics?limit=1&limit=2',
    '/v1/topics?x=1',
  ])('%s is a clean 400', async (path) => {
    const answer = await call('GET', path);
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  test.each(['3', '"x"', '"1", "2"', 'W/"1"', '"99999999999"'])(
    'If-Match: %s is a clean 400',
    async (ifMatch) => {
      const answer = await call('PATCH', '/v1/domains/pay', { description }, { 'if-match': ifMatch });
      expect([answer.status, rulesOf(answer)]).toEqual([400, ['if-match']]);
    },
  );
});

describe('HTTP', () => {
  test('unknown routes and methods are told apart', async () => {
    expect((await call('GET', '/v2/topics')).body.code).toBe('ROUTE_UNKNOWN');
    const answer = await call('PUT', '/v1/topics', {});
    expect([answer.status, answer.body.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  });

  test('security headers are set, CORS is off, and nothing tells the software', async () => {
    const { headers } = await call('GET', '/v1/topics', undefined, { origin: 'https://evil.example' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBeTruthy();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  test('a request id is taken over if harmless, and is in problems', async () => {
    const given = await call('GET', '/v1/topics/nowhere', undefined, { 'x-request-id': 'abc-1' });
    expect([given.headers.get('x-request-id'), given.body.requestId]).toEqual(['abc-1', 'abc-1']);
    const made = await call('GET', '/v1/topics/nowhere', undefined, { 'x-request-id': 'a b"<script>' });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('what is not HTTP at all does no harm', async () => {
    const { hostname, port } = new URL(fixture.registry.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).resume();
    socket.end('\u0016\u0003\u0001 nonsense\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await call('GET', '/healthz')).status).toBe(200);
  });

  test('after all that the catalog is what it was', async () => {
    expect((await call('GET', '/v1/domains')).body.items).toHaveLength(2);
    expect((await call('GET', '/v1/topics')).body.items).toHaveLength(2);
  });
});
