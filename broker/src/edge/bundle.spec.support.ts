import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  type EdgeBundle,
  type EdgeBundleInput,
  edgeBundleSchema,
  GRANT_TYPE,
  type GrantClaims,
} from '@nomos/schemas';
import { SignJWT } from 'jose';

export const TOPIC = 'pay-paycore-transfer-completed';
export const OTHER_TOPIC = 'pay-paycore-transfer-rejected';
export const GROUP = 'cg-sms-notify';
export const OTHER_GROUP = 'cg-ledger-book';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const KEY_ID = 'key-1';

/** A small catalog: paycore publishes, sms and ledger consume. */
export function testBundle(changes: Partial<EdgeBundleInput> = {}): EdgeBundle {
  const retry = { maxAttempts: 3, delaysMs: [1_000, 5_000] };
  const all = { type: 'tag', expression: '*' } as const;
  const { x } = publicKey.export({ format: 'jwk' });
  return edgeBundleSchema.parse({
    ...{ environment: 'dev', revision: 5, norm: 'default@1', revokedSessions: [] },
    keys: [{ kid: KEY_ID, kty: 'OKP', crv: 'Ed25519', x }],
    topics: [
      { name: TOPIC, messageType: 'NORMAL', queues: 4 },
      { name: OTHER_TOPIC, messageType: 'FIFO', queues: 1 },
    ],
    consumerGroups: [
      { name: GROUP, application: 'sms', retry, subscriptions: [{ topic: TOPIC, filter: all }] },
      {
        ...{ name: OTHER_GROUP, application: 'ledger', retry },
        subscriptions: [{ topic: TOPIC, filter: { type: 'tag', expression: 'OUT || FEE' } }],
      },
    ],
    accessKeys: [
      {
        accessKey: 'paycore-key',
        secretKey: 'paycore-secret',
        application: 'paycore',
        publish: [TOPIC, OTHER_TOPIC],
      },
      { accessKey: 'sms-key', secretKey: 'sms-secret', application: 'sms', publish: [] },
      { accessKey: 'ledger-key', secretKey: 'ledger-secret', application: 'ledger', publish: [] },
    ],
    ...changes,
  });
}

export function claims(changes: Partial<GrantClaims> = {}): GrantClaims {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const all = { type: 'tag', expression: '*' } as const;
  return {
    ...{
      sub: 'sms',
      jti: 'session-1',
      aud: 'dev',
      iss: 'nomos-registry',
      instance: 'i-1',
      norm: 'default@1',
    },
    ...{ iat: nowSeconds, exp: nowSeconds + 300, grace: 86_400, revision: 5 },
    producers: [{ group: 'pg-sms-report', topics: [TOPIC] }],
    consumers: [{ group: GROUP, subscriptions: [{ topic: TOPIC, filter: all }] }],
    ...changes,
  };
}

/** A grant as the registry signs it; every part can be made wrong. */
export async function grant(
  content: GrantClaims = claims(),
  { key = privateKey, typ = GRANT_TYPE, kid = KEY_ID }: { key?: KeyObject; typ?: string; kid?: string } = {},
): Promise<string> {
  return await new SignJWT({ ...content }).setProtectedHeader({ alg: 'EdDSA', typ, kid }).sign(key);
}

/** The metadata of a call that an access key signs, as RocketMQ's clients make it. */
export function signed(accessKey: string, secretKey: string): Record<string, string> {
  const dateTime = '20260102T030405Z';
  const signature = createHmac('sha1', secretKey).update(dateTime).digest('hex').toUpperCase();
  return {
    'x-mq-date-time': dateTime,
    authorization: `MQv2-HMAC-SHA1 Credential=${accessKey}, SignedHeaders=x-mq-date-time, Signature=${signature}`,
  };
}
