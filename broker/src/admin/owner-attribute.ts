import type { Origin } from './admin-backend.js';

/**
 * Marks, among the attributes of a topic or group, what the broker has from the registry's bundle: so whoever
 * provisions it sees that it has not been made here by somebody else.
 */
export function ownerAttribute(origin: Origin): Readonly<Record<string, string>> {
  return origin === 'registry' ? { 'nomos.owner': 'registry' } : {};
}
