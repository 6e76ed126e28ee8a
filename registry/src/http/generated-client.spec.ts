import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import generateTypes, { type OpenAPI3 } from 'openapi-typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateOpenApi } from './openapi.js';

const compiler = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
const plain = () => JSON.parse(JSON.stringify(generateOpenApi())) as OpenAPI3;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nomos-client-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a user would write with the generated types. */
const use = (change: string) => `
import type { components, operations, paths } from './client.js';

type Body<Operation extends keyof operations> = operations[Operation] extends {
  requestBody: { content: { 'application/json': infer Content } };
} ? Content : never;

export const topic: Body<'topics.create'> = {
  name: 'pay-paycore-transfer-completed',
  application: 'paycore',
  description: 'A transfer has reached its beneficiary',
  environments: ['dev'],
  ${change}
};
export type Topic = paths['/v1/topics/{name}']['get']['responses'][200]['content']['application/json'];
export function describe(found: Topic, problem: components['schemas']['Problem']): string {
  const version: number = found.version;
  const first = problem.violations?.[0]?.where ?? 'nowhere';
  return found.messageType === 'FIFO' ? found.name : problem.code + first + version;
}
export type DryRun = NonNullable<operations['topics.create']['parameters']['query']>['dryRun'];
export const dryRun: DryRun = true;
`;

/** What the compiler says of the client with this use of it. */
async function compile(text: string): Promise<string> {
  await writeFile(join(folder, 'use.ts'), text);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', ''];
  const run = promisify(execFile)(process.execPath, [compiler, ...options, 'use.ts'], { cwd: folder });
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}

describe('the OpenAPI document', () => {
  test('is valid by the schema of OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...plain() });
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test('generates a client whose types compile, and know what is wrong', async () => {
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'client.ts'), await generateTypes(plain()));
    expect(await compile(use(''))).toBe('');
    expect(await compile(use('queues: "many",'))).toMatch(/use\.ts.*error TS2322/);
    expect(await compile(use('colour: 1,'))).toMatch(/use\.ts.*error TS2353/);
  });
});
