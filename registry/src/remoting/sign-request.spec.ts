import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { signRequest } from './sign-request.js';

const request = {
  code: 17,
  fields: new Map([
    ['topic', 'b'],
    ['perm', 'a'],
  ]),
  body: Buffer.from('body'),
};

test('the values are signed in the order of their names, then the body', () => {
  const { fields } = signRequest(request, { accessKey: 'key', secretKey: 'secret' });
  const expected = createHmac('sha1', 'secret').update('keyabbody').digest('base64');
  expect(fields.get('Signature')).toBe(expected);
  expect(fields.get('AccessKey')).toBe('key');
});

test('without credentials nothing is added, and the request stays as it was', () => {
  expect(signRequest(request, undefined)).toBe(request);
  signRequest(request, { accessKey: 'key', secretKey: 'secret' });
  expect([...request.fields.keys()]).toEqual(['topic', 'perm']);
});
