import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Registry } from '../start-registry.js';
import { createRegistryFixture, type RegistryFixture } from '../testing/registry-fixture.js';

const origin = 'https://console.bank.example';
let fixture: RegistryFixture;
let open: Registry;

beforeAll(async () => {
  fixture = await createRegistryFixture();
  open = await fixture.startAnother({ corsOrigins: [origin, 'http://localhost:5173'] });
});
afterAll(async () => {
  await open?.close();
  await fixture?.close();
});

const preflight = { 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'if-match' };

describe('CORS', () => {
  test('is off by default', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await fetch(`${fixture.registry.url}/v1/topics`, {
        method,
        headers: { origin, ...preflight },
      });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('lets the named origins read answers, refusals too', async () => {
    for (const named of [origin, 'http://localhost:5173']) {
      const { status, headers } = await fetch(`${open.url}/v1/topics`, { headers: { origin: named } });
      expect([status, headers.get('access-control-allow-origin')]).toEqual([401, named]);
      expect(headers.get('vary')).toContain('Origin');
      expect(headers.get('access-control-expose-headers')).toContain('ETag');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('answers a preflight without a token', async () => {
    const { status, headers } = await fetch(`${open.url}/v1/topics/x`, {
      method: 'OPTIONS',
      headers: { origin, ...preflight },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(headers.get('access-control-allow-headers')).toContain('If-Match');
  });

  test.each([
    'null',
    'https://console.bank.example.evil.example',
    'http://console.bank.example',
    'https://CONSOLE.bank.example',
    'https://console.bank.example:444',
    'https://console.bank.example/',
  ])('does not know the origin %s', async (other) => {
    const { headers } = await fetch(`${open.url}/v1/topics`, { headers: { origin: other, ...preflight } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');
  });

  test.each([
    '*',
    'null',
    'https://a.example/',
    'https://a.example/path',
    'ftp://a.example',
    'a.example',
    '',
  ])('cannot be opened for %j', async (wrong) => {
    await expect(fixture.startAnother({ corsOrigins: [wrong] })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
  });
});
