import type { Violation } from '../errors/violation.js';
import { limits } from '../limits.js';
import { quoteText } from './judging/quote-text.js';
import type { NameKind } from './norm.js';
import { type RocketmqNameKind, reservedPrefixes, reservedWords } from './rocketmq-reserved.js';

interface KindLimits {
  /** How messages call it. */
  readonly noun: string;
  /** Characters; tags and properties have no limit of their own in RocketMQ. */
  readonly lengthMax: number;
  readonly charactersExpected: string;
  readonly isLegalCharacter: (code: number) => boolean;
}

/** Runs of illegal characters that are reported one by one. */
const illegalRunsMax = 8;

const topicOrGroupCharacters = 'letters a-z and A-Z, digits, "-", "_", "%" and "|"';

const limitsByKind: Readonly<Record<RocketmqNameKind, KindLimits>> = {
  topic: {
    noun: 'topic',
    lengthMax: limits.topicCharacters,
    charactersExpected: topicOrGroupCharacters,
    isLegalCharacter: isTopicOrGroupCharacter,
  },
  group: {
    noun: 'group',
    lengthMax: limits.groupCharacters,
    charactersExpected: topicOrGroupCharacters,
    isLegalCharacter: isTopicOrGroupCharacter,
  },
  tag: {
    noun: 'tag',
    lengthMax: Number.POSITIVE_INFINITY,
    charactersExpected: 'anything but "|" and control characters',
    isLegalCharacter: (code) => code !== 0x7c && !isControlCharacter(code),
  },
  property: {
    noun: 'property',
    lengthMax: Number.POSITIVE_INFINITY,
    charactersExpected: 'anything but control characters',
    isLegalCharacter: (code) => !isControlCharacter(code),
  },
};

/** The name kind of a norm, as RocketMQ sees it. */
export function rocketmqKindOf(kind: NameKind): RocketmqNameKind {
  return kind === 'producer-group' || kind === 'consumer-group' ? 'group' : kind;
}

/**
 * Everything that RocketMQ itself holds against a name; empty for a legal one. These limits hold whatever
 * the norm says (apache/rocketmq: TopicValidator, MixAll, GrpcValidator, MessageConst).
 */
export function rocketmqViolations(kind: RocketmqNameKind, name: string): Violation[] {
  const violations = illegalCharacterViolations(limitsByKind[kind], name);
  const length = lengthViolation(limitsByKind[kind], name);
  if (length !== undefined) violations.push(length);
  const reserved = reservedViolation(kind, name);
  if (reserved !== undefined) violations.push(reserved);
  return violations;
}

/** Tells whether RocketMQ would take the name for a topic of its users. */
export function isLegalRocketmqTopic(name: string): boolean {
  return rocketmqViolations('topic', name).length === 0;
}

/** Tells whether RocketMQ would take the name for a producer or consumer group of its users. */
export function isLegalRocketmqGroup(name: string): boolean {
  return rocketmqViolations('group', name).length === 0;
}

/** Tells whether RocketMQ allows the character, given as a UTF-16 code unit, in a name of this kind. */
export function isRocketmqCharacter(kind: RocketmqNameKind, code: number): boolean {
  return limitsByKind[kind].isLegalCharacter(code);
}

/** The most characters that RocketMQ allows in a name of this kind; infinite for tags and properties. */
export function rocketmqLengthMax(kind: RocketmqNameKind): number {
  return limitsByKind[kind].lengthMax;
}

function isTopicOrGroupCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x25 ||
    code === 0x7c
  );
}

function isControlCharacter(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/** One violation for each run of illegal characters, up to a fixed number of runs. */
function illegalCharacterViolations(kind: KindLimits, name: string): Violation[] {
  const violations: Violation[] = [];
  const scanned = Math.min(name.length, limits.nameCharacters);
  for (let start = 0; start < scanned && violations.length < illegalRunsMax; start++) {
    if (kind.isLegalCharacter(name.charCodeAt(start))) continue;
    let end = start + 1;
    while (end < scanned && !kind.isLegalCharacter(name.charCodeAt(end))) end++;
    violations.push({
      rule: 'rocketmq-characters',
      message: `RocketMQ does not allow ${quoteText(name.slice(start, end))} in a ${kind.noun}.`,
      position: { start, end },
      expected: kind.charactersExpected,
    });
    start = end;
  }
  return violations;
}

function lengthViolation(kind: KindLimits, name: string): Violation | undefined {
  if (name.trim() === '') {
    return {
      rule: 'rocketmq-length',
      message: `The name of a ${kind.noun} must not be blank.`,
      position: { start: 0, end: name.length },
      expected: 'at least 1 character',
    };
  }
  if (name.length <= kind.lengthMax) return undefined;
  return {
    rule: 'rocketmq-length',
    message: `The ${kind.noun} has ${name.length} characters, RocketMQ allows ${kind.lengthMax}.`,
    position: { start: kind.lengthMax, end: name.length },
    expected: `at most ${kind.lengthMax} characters`,
  };
}

function reservedViolation(kind: RocketmqNameKind, name: string): Violation | undefined {
  const prefix = reservedPrefixes[kind].find((candidate) => name.startsWith(candidate));
  if (prefix === undefined && !reservedWords[kind].has(name)) return undefined;
  const what = prefix === undefined ? `The name ${quoteText(name)}` : `The prefix ${quoteText(prefix)}`;
  return {
    rule: 'rocketmq-reserved',
    message: `${what} is reserved by RocketMQ for its own use.`,
    position: { start: 0, end: prefix === undefined ? name.length : prefix.length },
    expected: `a ${kind} name that RocketMQ does not use itself`,
  };
}
