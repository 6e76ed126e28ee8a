import { NomosError } from '@nomos/schemas';
import { requireFields, requireFunction } from '../options.js';

const CONSUMER_FIELDS = new Set([
  ...['group', 'subscribe', 'concurrency', 'idempotence', 'invisibleDurationMs', 'handle', 'onError'],
]);
const IDEMPOTENCE_FIELDS = new Set(['by', 'store']);
const KEYS = new Set<unknown>(['message-id', 'key', 'business-id']);
const FILTERS = new Set<unknown>(['tag', 'sql']);
const STORES = new Set<unknown>(['lease', 'inbox']);

/**
 * Checks a consumer's options before it is admitted: one that could handle nothing would take messages from the
 * group's other instances and bury them. Throws CONFIGURATION_INVALID.
 */
export function checkConsumerOptions(options: unknown): void {
  requireFields('options of a consumer', options, CONSUMER_FIELDS);
  const { handle, onError, subscribe, idempotence } = options as Readonly<Record<string, unknown>>;
  requireFunction('handle', handle);
  if (onError !== undefined) requireFunction('onError', onError);
  if (typeof subscribe !== 'object' || subscribe === null || Array.isArray(subscribe)) {
    throw new NomosError('CONFIGURATION_INVALID', 'The option "subscribe" must be an object by topic.', {
      fix: "Write subscribe: { 'pay-paycore-transfer-completed': '*' }.",
    });
  }
  for (const [topic, wanted] of Object.entries(subscribe)) checkWanted(topic, wanted);
  if (idempotence !== undefined) checkIdempotence(idempotence);
}

function checkWanted(topic: string, wanted: unknown): void {
  if (typeof wanted === 'string') return;
  const isFilter =
    typeof wanted === 'object' && wanted !== null && 'type' in wanted && 'expression' in wanted;
  if (isFilter && FILTERS.has(wanted.type) && typeof wanted.expression === 'string') return;
  throw new NomosError('CONFIGURATION_INVALID', `The option "subscribe" has no filter for "${topic}".`, {
    fix: "Give '*', tags by tag('OUT'), or a condition by sql('amount > 1000').",
  });
}

function checkIdempotence(idempotence: unknown): void {
  requireFields('options of idempotence', idempotence, IDEMPOTENCE_FIELDS);
  const { by, store } = idempotence as Readonly<Record<string, unknown>>;
  if (typeof by !== 'function' && !KEYS.has(by)) {
    throw new NomosError('CONFIGURATION_INVALID', `The option "idempotence.by" cannot be "${String(by)}".`, {
      fix: 'Give "key", "message-id", "business-id", or a function of the message.',
    });
  }
  if (typeof store === 'object' && store !== null && 'kind' in store && STORES.has(store.kind)) return;
  throw new NomosError('CONFIGURATION_INVALID', 'The option "idempotence.store" is missing or no store.', {
    fix: 'Give memoryStore(), postgresStore(pool) or postgresInbox(pool).',
  });
}
