import {
  checkMessageLimits,
  isReservedProperty,
  type NameKind,
  NomosError,
  reservedPropertyPrefixes,
  type Violation,
} from '@nomos/schemas';
import type { OutgoingMessage } from '../message.js';
import type { GrantedTopic, Rules } from './rules.js';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A message whose parts are known to be of the right types. */
export interface GuardedMessage {
  readonly keys: readonly string[];
  readonly properties: readonly (readonly [name: string, value: string])[];
}

/**
 * Checks that this group may send to the topic now. Throws NAME_ILLEGAL for a topic that nobody could have
 * registered, TOPIC_NOT_GRANTED, or MESSAGE_TYPE_MISMATCH.
 */
export function guardTopic(rules: Rules, group: string, topic: unknown): GrantedTopic {
  if (typeof topic !== 'string' || topic === '') {
    throw illegal([{ rule: 'message-topic', where: 'topic', message: 'The message has no topic.' }]);
  }
  const granted = rules.topics.get(topic);
  if (granted === undefined || !rules.mayPublish(group, topic)) throw notGranted(rules, group, topic);
  if (granted.messageType !== 'NORMAL') {
    const text = `The topic "${topic}" takes ${granted.messageType} messages; this one is NORMAL.`;
    throw new NomosError('MESSAGE_TYPE_MISMATCH', text);
  }
  return granted;
}

function notGranted(rules: Rules, group: string, topic: string): NomosError {
  const reading = rules.read('topic', topic);
  if (!reading.ok) {
    return new NomosError('NAME_ILLEGAL', `The topic name "${topic}" breaks the norm ${rules.norm.id}.`, {
      violations: reading.violations,
      ...(reading.suggestion === undefined ? {} : { fix: `Use "${reading.suggestion}".` }),
    });
  }
  const text = `The producer group "${group}" may not publish to "${topic}" in the environment "${rules.environment}".`;
  const fix =
    'If the topic is new, register it with POST /v1/topics; if it belongs to another application, ask its owner to add yours to its publishers; if the producer was made with a list of topics, add it there. Then connect again.';
  return new NomosError('TOPIC_NOT_GRANTED', text, { fix });
}

/**
 * Checks everything of a message that can be known before it leaves. Throws MESSAGE_ILLEGAL with all violations.
 * `stamped` are the properties that the SDK adds, which count for the limits.
 */
export function guardMessage(
  rules: Rules,
  topic: GrantedTopic,
  message: OutgoingMessage,
  bodyBytes: number,
  stamped: Readonly<Record<string, string>>,
): GuardedMessage {
  const violations: Violation[] = [];
  const keys = readKeys(message, violations);
  const properties = readProperties(message, violations);
  const tag = readText('tag', message.tag, violations);
  readText('businessId', message.businessId, violations);
  if (topic.keyRequired && keys.length === 0 && violations.length === 0) {
    const text = `The norm ${rules.norm.id} requires a key.`;
    violations.push({ rule: 'message-key-required', where: 'key', message: text, expected: 'a key' });
  }
  if (tag !== undefined) checkName(rules, 'tag', tag, 'tag', violations);
  for (const [name] of properties) checkPropertyName(rules, name, violations);
  if (message.traceparent !== undefined && !TRACEPARENT.test(message.traceparent)) {
    const text = 'The trace context is not of the W3C form.';
    const expected = 'version-traceid-parentid-flags, as 00-…-…-01';
    violations.push({ rule: 'message-traceparent', where: 'traceparent', message: text, expected });
  }
  const all = properties.length === 0 ? stamped : { ...stamped, ...Object.fromEntries(properties) };
  violations.push(...checkMessageLimits({ bodyBytes, tag, keys, properties: all }));
  if (violations.length > 0) throw illegal(violations);
  return { keys, properties };
}

const NO_PROPERTIES: GuardedMessage['properties'] = [];

function readKeys({ key, keys }: OutgoingMessage, violations: Violation[]): readonly string[] {
  if (keys === undefined) return key === undefined ? [] : readText('key', key, violations) ? [key] : [];
  const all: readonly unknown[] = key === undefined ? keys : [key, ...keys];
  return all.flatMap((one, index) => readText(`keys[${index}]`, one, violations) ?? []);
}

function readProperties(
  { properties }: OutgoingMessage,
  violations: Violation[],
): GuardedMessage['properties'] {
  if (properties === undefined) return NO_PROPERTIES;
  return Object.entries(properties).filter(([name, value]) => {
    if (typeof value === 'string') return true;
    const message = `The property "${name}" is of the type ${typeof value}.`;
    violations.push({ rule: 'message-type', where: `properties.${name}`, message, expected: 'a text' });
    return false;
  });
}

function readText(where: string, value: unknown, violations: Violation[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return value;
  const message =
    typeof value === 'string' ? `The ${where} is blank.` : `The ${where} is of the type ${typeof value}.`;
  violations.push({ rule: 'message-type', where, message, expected: 'a text that is not blank' });
  return undefined;
}

function checkPropertyName(rules: Rules, name: string, violations: Violation[]): void {
  const where = `properties.${name}`;
  if (!isReservedProperty(name)) {
    checkName(rules, 'property', name, where, violations);
    return;
  }
  const prefixes = reservedPropertyPrefixes.join(' and ');
  const message = `The property "${name}" has a prefix that only Nomos may use: ${prefixes}.`;
  violations.push({ rule: 'message-property-reserved', where, message, expected: 'another name' });
}

function checkName(rules: Rules, kind: NameKind, name: string, where: string, violations: Violation[]): void {
  const reading = rules.read(kind, name);
  if (!reading.ok) violations.push(...reading.violations.map((violation) => ({ ...violation, where })));
}

function illegal(violations: readonly Violation[]): NomosError {
  return new NomosError('MESSAGE_ILLEGAL', 'The message was not sent.', { violations });
}
