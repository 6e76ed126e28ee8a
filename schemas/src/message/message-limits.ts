import type { Violation } from '../errors/violation.js';
import { limits } from '../limits.js';
import { isSystemProperty } from './system-properties.js';
import { hasControlCharacter } from './tag-filter.js';

/** The parts of a message that RocketMQ limits. */
export interface LimitedMessage {
  readonly bodyBytes: number;
  readonly tag?: string | undefined;
  readonly keys: readonly string[];
  readonly messageGroup?: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

/** Rule ids of `checkMessageLimits`; the broker answers each with RocketMQ's own status code. */
export const messageRules = [
  'message-body-empty',
  'message-body-size',
  'message-tag',
  'message-key',
  'message-group',
  'message-property-key',
  'message-properties-size',
] as const;
export type MessageRule = (typeof messageRules)[number];

type MessageViolation = Violation & { readonly rule: MessageRule };

/** All the limits of RocketMQ that a message breaks (ROCKETMQ proxy, GrpcValidator); none if it may be sent. */
export function checkMessageLimits(message: LimitedMessage): MessageViolation[] {
  const violations: MessageViolation[] = [];
  const refuse = (rule: MessageRule, where: string, text: string, expected: string) =>
    violations.push({ rule, where, message: text, expected });

  if (message.bodyBytes === 0) {
    refuse('message-body-empty', 'body', 'The body is empty.', 'at least 1 byte');
  } else if (message.bodyBytes > limits.messageBodyBytes) {
    const expected = `at most ${limits.messageBodyBytes} bytes`;
    refuse('message-body-size', 'body', `The body has ${message.bodyBytes} bytes.`, expected);
  }
  if (message.tag !== undefined && !isPlainText(message.tag, '|')) {
    refuse(
      'message-tag',
      'tag',
      'The tag is blank or has a forbidden character.',
      'text without | or control characters',
    );
  }
  for (const [index, key] of message.keys.entries()) {
    if (isPlainText(key)) continue;
    refuse(
      'message-key',
      `keys[${index}]`,
      'The key is blank or has a control character.',
      'text without control characters',
    );
  }
  if (message.messageGroup !== undefined && !isMessageGroup(message.messageGroup)) {
    const expected = `1 to ${limits.messageGroupBytes - 1} bytes without control characters`;
    refuse(
      'message-group',
      'messageGroup',
      'The message group is blank, too long or has a control character.',
      expected,
    );
  }
  checkProperties(message, refuse);
  return violations;
}

type Refuse = (rule: MessageRule, where: string, text: string, expected: string) => void;

function checkProperties(message: LimitedMessage, refuse: Refuse): void {
  const entries = Object.entries(message.properties);
  let bytes = byteLength(message.tag ?? '');
  for (const key of message.keys) bytes += byteLength(key);
  for (const [name, value] of entries) {
    bytes += byteLength(name) + byteLength(value);
    if (isSystemProperty(name)) {
      const text = `The property ${JSON.stringify(name)} has a name that RocketMQ uses itself.`;
      refuse(
        'message-property-key',
        `properties.${name}`,
        text,
        'another name, for instance in small letters',
      );
    }
    if (isPlainText(name) && !hasControlCharacter(value)) continue;
    const text = `The property ${JSON.stringify(name)} is blank or has a control character in name or value.`;
    refuse('message-property-key', `properties.${name}`, text, 'text without control characters');
  }
  if (entries.length > limits.messageProperties || bytes > limits.messagePropertiesBytes) {
    const text = `There are ${entries.length} properties; with tag and keys they take ${bytes} bytes.`;
    const expected = `at most ${limits.messageProperties} properties and ${limits.messagePropertiesBytes} bytes`;
    refuse('message-properties-size', 'properties', text, expected);
  }
}

function isPlainText(text: string, forbidden?: string): boolean {
  return (
    text.trim() !== '' && !hasControlCharacter(text) && (forbidden === undefined || !text.includes(forbidden))
  );
}

function isMessageGroup(text: string): boolean {
  return isPlainText(text) && byteLength(text) < limits.messageGroupBytes;
}

/** UTF-8 bytes of a text, without making them. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes, so each half adds one byte to its unit.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
