import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, packages, root, sourceFiles } from './imports.js';

const files = packages.flatMap(sourceFiles);
const imports = files.flatMap(importsOf);
/** Specs, and what only they use. */
const isSpec = (file: string) => /\.spec(?:\.\w+)?\.ts$/.test(file);

function describeImports(found: readonly Import[]): string[] {
  return found.map(({ from, to }) => `${from} imports ${to}`);
}

/** The folder of a file below its package's `src`; empty for a file at the top. */
function layerOf(file: string): string {
  const [, , layer = '', ...rest] = file.split('/');
  return rest.length === 0 ? '' : layer;
}

describe('arrows between packages', () => {
  const allowed: Record<(typeof packages)[number], readonly string[]> = {
    schemas: [],
    broker: ['@nomos/schemas'],
    registry: ['@nomos/schemas'],
    sdk: ['@nomos/schemas'],
    cli: ['@nomos/schemas', '@nomos/broker', '@nomos/registry', '@nomos/registry/audit', '@nomos/sdk'],
  };

  test.each(packages)('%s imports only what it may', (name) => {
    const wrong = imports.filter(
      ({ from, to }) =>
        from.startsWith(`${name}/`) &&
        ((to.startsWith('@nomos/') && !allowed[name].includes(to)) ||
          packages.some((other) => other !== name && to.startsWith(`${other}/`))),
    );
    expect(describeImports(wrong)).toEqual([]);
  });

  test('schemas uses nothing of Node, so that it runs in a browser', () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('schemas/') && to.startsWith('node:') && !isSpec(from),
    );
    expect(describeImports(wrong)).toEqual([]);
  });

  test('a package declares each dependency that it imports', () => {
    const undeclared: string[] = [];
    for (const name of packages) {
      const manifest = JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>;
        optionalDependencies?: Record<string, string>;
        peerDependencies?: Record<string, string>;
      };
      const declared = {
        ...manifest.dependencies,
        ...manifest.optionalDependencies,
        ...manifest.peerDependencies,
      };
      for (const { from, to, typeOnly } of imports) {
        if (!from.startsWith(`${name}/`) || isSpec(from) || packages.some((one) => to.startsWith(`${one}/`)))
          continue;
        const dependency = to.split('/', to.startsWith('@') ? 2 : 1).join('/');
        if (to.startsWith('node:') || Object.hasOwn(declared, dependency) || typeOnly) continue;
        undeclared.push(`${from} imports ${to}`);
      }
    }
    expect(undeclared).toEqual([]);
  });
});

describe('layers inside a package', () => {
  /** Which layers of the same package a layer may import; `''` stands for files at the top of `src`. */
  const layers: Record<string, Record<string, readonly string[]>> = {
    registry: {
      domain: [],
      store: ['domain'],
      http: ['domain'],
      remoting: ['domain'],
      notify: ['domain'],
      postgres: [],
    },
    broker: {
      core: [],
      store: ['core'],
      edge: ['core'],
      grpc: ['core'],
      rpc: ['core', 'edge', 'grpc'],
      port: ['core'],
      admin: ['core', 'edge'],
    },
    sdk: {
      transport: ['session'],
      guards: ['session'],
      idempotence: [],
    },
  };

  for (const [name, rules] of Object.entries(layers)) {
    test.each(Object.entries(rules))(`${name}: %s imports only layers below it`, (layer, below) => {
      const wrong = imports.filter(
        ({ from, to }) =>
          from.startsWith(`${name}/src/${layer}/`) &&
          !isSpec(from) &&
          to.startsWith(`${name}/src/`) &&
          layerOf(to) !== layer &&
          layerOf(to) !== '' &&
          !below.includes(layerOf(to)),
      );
      expect(describeImports(wrong)).toEqual([]);
    });
  }

  /** Which folders of the broker's core a folder may import, beside the files directly in `core`. */
  const coreParts: Record<string, readonly string[]> = {
    log: [],
    search: ['log'],
    trace: ['log'],
    schedule: ['log'],
    transactions: ['log', 'schedule'],
    receiving: ['log', 'trace'],
    sending: ['log', 'schedule', 'transactions'],
    offsets: ['log', 'receiving'],
    resending: ['log', 'search'],
    retention: ['log', 'search'],
    erasing: ['log', 'receiving'],
  };
  const coreFolder = 'broker/src/core/';
  const partOf = (file: string) => {
    const [part = '', ...rest] = file.slice(coreFolder.length).split('/');
    return rest.length === 0 ? '' : part;
  };

  test.each(Object.entries(coreParts))('broker core: %s imports only parts below it', (part, below) => {
    const wrong = imports.filter(
      ({ from, to }) =>
        from.startsWith(`${coreFolder}${part}/`) &&
        !isSpec(from) &&
        to.startsWith(coreFolder) &&
        !['', part, ...below].includes(partOf(to)),
    );
    expect(describeImports(wrong)).toEqual([]);
  });

  test('every part of the broker core is in the table', () => {
    const parts = new Set(files.filter((file) => file.startsWith(coreFolder)).map(partOf));
    expect([...parts].filter((part) => part !== '').sort()).toEqual(Object.keys(coreParts).sort());
  });

  /** Each outside technology is known in one place only. */
  const owners: readonly (readonly [dependency: RegExp, folder: string])[] = [
    [/^lmdb$/, 'broker/src/store/'],
    [/^@prisma\/|\/generated\//, 'registry/src/store/'],
    [/^express$|^helmet$/, 'registry/src/http/'],
  ];

  test.each(owners)('%s is imported only in %s', (dependency, folder) => {
    const wrong = imports.filter(
      ({ from, to }) => dependency.test(to) && !from.startsWith(folder) && !isSpec(from),
    );
    expect(describeImports(wrong.filter(({ from }) => !from.startsWith('schemas/')))).toEqual([]);
  });

  test('@grpc/grpc-js is imported only by transports', () => {
    const places = ['sdk/src/transport/', 'cli/src/quickstart/refusals.ts'];
    const wrong = imports.filter(
      ({ from, to }) =>
        to === '@grpc/grpc-js' && !isSpec(from) && !places.some((place) => from.startsWith(place)),
    );
    expect(describeImports(wrong)).toEqual([]);
  });
});

describe('import cycles', () => {
  test('there is none', () => {
    const targets = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (!typeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
    }
    expect(findCycle(targets)).toBeUndefined();
  });

  test('a cycle would be found', () => {
    const targets = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['d', ['b']],
    ]);
    expect(findCycle(targets)).toEqual(['b', 'd', 'b']);
  });
});

function findCycle(targets: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const target of targets.get(file) ?? []) {
      const cycle = visit(target);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of targets.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('the house is tidy', () => {
  test('no source file is longer than 400 lines', () => {
    const long = files.filter(
      (file) => !isSpec(file) && readFileSync(join(root, file), 'utf8').split('\n').length > 400,
    );
    expect(long).toEqual([]);
  });

  test('nothing is left to be done, and no check is switched off', () => {
    const marks = /\b(?:TODO|FIXME|XXX)\b|@ts-ignore|@ts-nocheck|biome-ignore|\.only\(/;
    const left = files.filter((file) => marks.test(readFileSync(join(root, file), 'utf8')));
    expect(left).toEqual([]);
  });

  test('no grab-bag files', () => {
    const bags = files.filter((file) => /\/(?:utils?|helpers?|types|lib|common|misc)\.ts$/.test(file));
    expect(bags).toEqual([]);
  });
});
