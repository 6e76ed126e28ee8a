import { Agent } from 'node:http';
import { problemSchema } from '@nomos/schemas';
import { Client as Postgres } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type CallerTokens, tokenFor } from '../testing/callers.js';
import { GeneratedValues, hugeNumber, type JsonSchema } from '../testing/generated-values.js';
import { type RawAnswer, sendRaw } from '../testing/raw-request.js';
import { clientOf, registerBank } from '../testing/registry-client.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';
import { SeededRandom } from '../testing/seeded-random.js';
import { generateOpenApi } from './openapi.js';
import { LINES, type Route } from './route.js';
import { allRoutes } from './routes/all-routes.js';

const seed = Number(process.env.NOMOS_SEED ?? Date.now() % 1_000_000);
const requestsPerRoute = Number(process.env.NOMOS_GENERATED_REQUESTS ?? 10);
const CONCURRENT = 16;
/** Generous, since the machine may be busy; what hangs or scans shows anyway. */
const DURATION_MS_MAX = 8_000;
const REFUSAL_CHARACTERS_MAX = 100_000;
const SHOWN_CHARACTERS = 600;

interface GeneratedRequest {
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const document = JSON.parse(JSON.stringify(generateOpenApi())) as {
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
};
const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENT });
let fixture: RegistryFixture;
let postgres: Postgres;
let tokens: CallerTokens;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  const admin = clientOf(fixture.registry.url, fixture.admin);
  const { sms } = await registerBank(admin);
  const edge = await admin('POST', '/v1/tokens', { role: 'edge', environment: 'dev', description: 'x' });
  tokens = { 'platform-admin': fixture.admin, application: sms, edge: String(edge.body.token) };
  postgres = new Postgres({ connectionString: fixture.registry.databaseUrl });
  await postgres.connect();
});
afterAll(async () => {
  agent.destroy();
  await postgres?.end();
  await fixture?.close();
});

function jsonSchemaOf(schema: z.ZodType | undefined): JsonSchema | undefined {
  if (schema === undefined) return undefined;
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** The schemas of a route, turned into JSON Schema once. */
const inputs = new Map(
  allRoutes.map(({ id, request: { params, query, body } }) => [
    id,
    { params: jsonSchemaOf(params), query: jsonSchemaOf(query), body: jsonSchemaOf(body) },
  ]),
);

function randomOf(route: Route, run: number): SeededRandom {
  const letters = [...`${route.id}#${run}`].map((letter) => letter.charCodeAt(0));
  return new SeededRandom(letters.reduce((sum, letter) => Math.imul(sum, 31) + letter, seed));
}

function generate(route: Route, run: number): GeneratedRequest {
  const random = randomOf(route, run);
  const values = new GeneratedValues(random);
  const { query = {}, body } = inputs.get(route.id) ?? {};
  const method = route.method === 'get' && random.chance(0.1) ? 'HEAD' : route.method.toUpperCase();
  const parameters = Object(values.legal(query)) as Record<string, unknown>;
  const search = Object.entries(random.chance(0.3) ? Object(values.spoilt(parameters)) : parameters).flatMap(
    ([name, value]) =>
      [value]
        .flat()
        .slice(0, 3)
        .map((one) => `${encode(name)}=${encode(one)}`),
  );
  if (route.method !== 'get' && random.chance(0.3)) search.push('dryRun=true');
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => pathPart(name, random, values));
  return {
    route,
    method,
    path: search.length === 0 ? path : `${path}?${search.join('&')}`.slice(0, 12_000),
    headers: {
      ...{ authorization: `Bearer ${tokenFor(route.permission, tokens)}` },
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(random.chance(0.15)
        ? { 'idempotency-key': random.pick(['a', 'b', '"c"', ' ', 'x'.repeat(300), 'é'.repeat(3)]) }
        : {}),
      ...(random.chance(0.15) ? { 'if-match': random.pick(['"1"', '*', 'W/"1"', 'x', '"', '"2","3"']) } : {}),
      ...(random.chance(0.15)
        ? { 'if-none-match': random.pick(['"1"', '*', 'W/"1"', '"a", "1"', ',,']) }
        : {}),
      ...(random.chance(0.05) ? { 'content-encoding': random.pick(['gzip', 'br', 'nonsense']) } : {}),
    },
    body: body === undefined ? undefined : bodyText(body, random, values),
  };
}

function pathPart(name: string, random: SeededRandom, values: GeneratedValues): string {
  if (random.chance(0.1))
    return random.pick(['%', '%ff', '%00', '..%2f..', '%2e%2e', '%5c', '%c0%af', '%ed%a0%80']);
  return encode(random.chance(0.2) ? values.hostile() : values.legal({ type: 'string' }, name)) || 'x';
}

function bodyText(schema: JsonSchema, random: SeededRandom, values: GeneratedValues): string {
  if (random.chance(0.08))
    return random.pick(['', '{', 'null', '[]', '"x"', '1', '{"a":}', '\ufeff{}', '{"a":1}x']);
  const legal = values.legal(schema);
  const text = JSON.stringify(random.chance(0.6) ? values.spoilt(legal) : legal) ?? 'null';
  return text.replaceAll(JSON.stringify(hugeNumber), '1e400');
}

/** As a part of an address; what UTF-8 cannot write goes as the replacement character, as browsers do. */
function encode(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return encodeURIComponent(Buffer.from(text.slice(0, 3_000), 'utf8').toString('utf8'));
}

async function send({ method, path, headers, body }: GeneratedRequest): Promise<RawAnswer> {
  // Node sends header values as Latin-1, and refuses others itself.
  return sendRaw(fixture.registry.url, agent, method, path, headers, body);
}

/** What has the form that a schema tells: of a stream each line, of a text the text. */
function valuesOf(text: string, mediaType: string | undefined): unknown[] {
  if (mediaType === undefined) return [JSON.parse(text)];
  return mediaType === LINES
    ? text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [text];
}

function check({ route, method, path, body }: GeneratedRequest, answer: RawAnswer): void {
  const sent = `${method} ${path.slice(0, SHOWN_CHARACTERS)} ${body?.slice(0, SHOWN_CHARACTERS) ?? ''}`;
  const shown = `${sent}\n→ ${answer.status} ${answer.text.slice(0, SHOWN_CHARACTERS)}`;
  expect(answer.status, shown).toBeLessThan(500);
  expect(answer.durationMs, shown).toBeLessThan(DURATION_MS_MAX);
  const documented = Object.keys(document.paths[route.path]?.[route.method]?.responses ?? {});
  expect([...documented, ...(route.permission === 'public' ? ['400'] : [])], shown).toContain(
    `${answer.status}`,
  );
  if (method === 'HEAD' || answer.status === 304) {
    expect(answer.text, shown).toBe('');
    return;
  }
  const description = route.answers[answer.status];
  if (answer.status < 300) {
    if (description?.schema === undefined) expect(answer.text, shown).toBe('');
    else {
      for (const value of valuesOf(answer.text, description.mediaType)) {
        expect(z.safeParse(description.schema, value).error, shown).toBeUndefined();
      }
    }
    return;
  }
  expect(answer.headers['content-type'], shown).toContain('application/problem+json');
  expect(answer.text.length, shown).toBeLessThan(REFUSAL_CHARACTERS_MAX);
  const problem = problemSchema.parse(JSON.parse(answer.text));
  expect(problem.status, shown).toBe(answer.status);
  if (problem.code === 'REQUEST_INVALID') {
    expect(problem.violations?.length, shown).toBeGreaterThan(0);
    for (const { where, rule, message } of problem.violations ?? []) {
      expect(
        [where, rule, message].every((text) => text !== undefined && text !== ''),
        shown,
      ).toBe(true);
    }
  }
}

/** Grows with whatever a change leaves behind. */
async function traces(): Promise<unknown> {
  const { rows } = await postgres.query(
    `SELECT (SELECT count(*) FROM "AuditEvent")::int AS events,
            (SELECT sum("revision") FROM "Environment")::int AS revisions,
            (SELECT count(*) FROM "Session")::int AS sessions`,
  );
  return rows[0];
}

describe(`generated requests, NOMOS_SEED=${seed}`, () => {
  test.each(allRoutes.map((route) => [route.id, route] as const))(
    '%s answers each as documented, and a refused one leaves nothing',
    async (_id, route) => {
      for (let run = 0; run < requestsPerRoute; run += 1) {
        const generated = generate(route, run);
        const before = await traces();
        const answer = await send(generated);
        check(generated, answer);
        if (answer.status >= 400 || answer.headers['nomos-dry-run'] !== undefined) {
          expect(await traces(), `${generated.method} ${generated.path} → ${answer.text}`).toEqual(before);
        }
      }
    },
  );

  test('all routes together answer as documented', async () => {
    const queue = Array.from({ length: Math.ceil(requestsPerRoute / 2) }, (_, run) =>
      allRoutes.map((route) => generate(route, requestsPerRoute + run)),
    ).flat();
    const work = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) check(next, await send(next));
    };
    await Promise.all(Array.from({ length: CONCURRENT }, work));
    expect(await sendRaw(fixture.registry.url, agent, 'GET', '/readyz', {}, undefined)).toMatchObject({
      status: 200,
    });
  });
});
