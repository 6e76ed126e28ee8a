import { expect, test } from 'vitest';
import { findNames } from './find-names.js';

const names = (source: string, file = 'a.ts') =>
  findNames(file, source).map(({ kind, name, line, column }) => `${kind} ${name} ${line}:${column}`);

test('names of producers, sends, consumers and tags are found with their places', () => {
  const source = `import { Nomos, tag } from '@nomos/sdk';
const producer = await nomos.producer({ group: 'pg-a-b', topics: ['t-one', \`t-two\`] });
await producer.send({ topic: "t-three", tag: 'OUT', body: {}, properties: { channel: 'web', 'x-y': '1' } });
await nomos.consumer({
  group: 'cg-a-b',
  subscribe: { 't-four': tag('IN', 'OUT'), ['t-five']: '*' },
});`;
  expect(names(source)).toEqual([
    'producer-group pg-a-b 2:48',
    'topic t-one 2:67',
    'topic t-two 2:76',
    'topic t-three 3:30',
    'tag OUT 3:46',
    'property channel 3:77',
    'property x-y 3:93',
    'consumer-group cg-a-b 5:10',
    'topic t-four 6:16',
    'topic t-five 6:45',
    'tag IN 6:30',
    'tag OUT 6:36',
  ]);
});

test.each([
  ['a file that does not import the SDK', `mailer.send({ topic: 'Not A Topic' })`],
  [
    'an import of another module that mentions it',
    `import x from './@nomos/sdk.js'; x.send({ topic: 'Not A Topic' })`,
  ],
  ['a comment', `// import '@nomos/sdk'\nmailer.send({ topic: 'Not A Topic' })`],
  [
    'names that are not literals',
    `import '@nomos/sdk'; p.send({ topic: name, tag: \`a\${b}\` }); p.send(options)`,
  ],
])('nothing is found in %s', (_, source) => {
  expect(names(source)).toEqual([]);
});

test('require, re-export and TSX are understood', () => {
  expect(names(`const { Nomos } = require('@nomos/sdk'); p.send({ topic: 't' })`)).toEqual(['topic t 1:58']);
  expect(names(`export { Nomos } from '@nomos/sdk'; p.send({ topic: 't' })`)).toEqual(['topic t 1:53']);
  expect(
    names(`import '@nomos/sdk'; const a = <b onClick={() => p.send({ topic: 't' })} />`, 'a.tsx'),
  ).toHaveLength(1);
});

test('broken source gives what can be read, and no exception', () => {
  expect(names(`import '@nomos/sdk'; p.send({ topic: 't' }); function (((`)).toEqual(['topic t 1:38']);
});
