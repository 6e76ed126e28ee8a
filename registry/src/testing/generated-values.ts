import type { SeededRandom } from './seeded-random.js';

/** As much of JSON Schema as zod writes. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Stands for a number that JSON can write and no double can hold. */
export const hugeNumber = '\u0001huge-number';

/** Names that are there in the bank, by what a field is called. */
const known: Readonly<Record<string, readonly [string, ...string[]]>> = {
  code: ['pay', 'paycore', 'payments', 'dev', 'newcode'],
  team: ['payments', 'channels'],
  domain: ['pay', 'risk'],
  application: ['paycore', 'sms', 'ledger'],
  environment: ['dev', 'prod'],
  environments: ['dev', 'prod'],
  publishers: ['sms', 'ledger'],
  name: [
    'pay-paycore-transfer-completed',
    'pg-paycore-transfer',
    'cg-sms-notify',
    'pay-paycore-order-opened',
  ],
  group: ['cg-sms-notify', 'cg-ledger-book'],
  topic: ['pay-paycore-transfer-completed', 'pay-paycore-transfer-rejected'],
};

const samples: readonly [string, ...string[]] = [
  'dev',
  'a sample',
  'x1',
  '127.0.0.1:8081',
  'https://bank.example/runbook',
];

/** What people send who mean no good, and what programs send by mistake. */
const hostileValues: readonly [unknown, ...unknown[]] = [
  null,
  ...[true, false, 0, -1, 0.5, 1e308, 2 ** 53, hugeNumber, '', ' ', [], {}, [[[]]], [null]],
  ...[
    '\0',
    'a\0b',
    '\ud800',
    'a\udfffb',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '%2e%2e/%00',
    '\r\nX: y',
  ],
  ...[`'; DROP TABLE "Topic"; --`, '" OR 1=1', '$1', '{{7*7}}', '$' + '{x}', '<script>', '\\', '%', '_', '*'],
  ...['раусоrе', 'ｐａｙ', 'pay\u202ecore', 'e\u0301', '𝒑𝒂𝒚', 'ﷺ', '\u200b', '\ufeff', 'İ'],
  ...['x'.repeat(300), 'x'.repeat(70_000), `${'a'.repeat(5_000)}!`, '('.repeat(900), "A='".repeat(200)],
  ...[
    { $gt: '' },
    { toString: 'x' },
    { length: 1e9 },
    { toJSON: null },
    Array.from({ length: 5_000 }, () => 'x'),
  ],
];

/** Makes values for a JSON schema: legal ones, as far as the schema tells what is, and spoilt ones. */
export class GeneratedValues {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** A value that the schema allows. A rule beyond the schema may still refuse it. */
  legal(schema: JsonSchema, field = '', root: JsonSchema = schema): unknown {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.split('/').at(-1) ?? '';
      return this.legal(root.$defs?.[name] ?? {}, field, root);
    }
    const [form, ...forms] = schema.anyOf ?? schema.oneOf ?? [];
    if (form !== undefined) return this.legal(this.#random.pick([form, ...forms]), field, root);
    if (schema.const !== undefined) return schema.const;
    const [first, ...others] = schema.enum ?? [];
    if (first !== undefined) return this.#random.pick([first, ...others]);
    switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
      case 'object':
        return this.#object(schema, root);
      case 'array':
        return this.#array(schema, field, root);
      case 'string':
        return this.#text(schema, field);
      case 'integer':
      case 'number':
        return this.#random.integer(schema.minimum ?? 0, Math.min(schema.maximum ?? 1_000, 2 ** 40));
      case 'boolean':
        return this.#random.chance(0.5);
      default:
        return this.hostile();
    }
  }

  /** The value with something wrong in it, in one to three places. */
  spoilt(value: unknown): unknown {
    let result = value;
    for (let times = this.#random.integer(1, 3); times > 0; times -= 1) result = this.#spoil(result, 0);
    return result;
  }

  hostile(): unknown {
    return this.#random.chance(0.05)
      ? deepList(this.#random.integer(20, 3_000))
      : this.#random.pick(hostileValues);
  }

  #object(schema: JsonSchema, root: JsonSchema): object {
    const required = new Set(schema.required ?? []);
    const members = Object.entries(schema.properties ?? {})
      .filter(([name]) => required.has(name) || this.#random.chance(0.4))
      .map(([name, member]) => [name, this.legal(member, name, root)] as const);
    return Object.fromEntries(members);
  }

  #array({ items = {}, minItems = 0, maxItems = 3 }: JsonSchema, field: string, root: JsonSchema): unknown[] {
    const length = this.#random.integer(minItems, Math.max(minItems, Math.min(maxItems, 3)));
    return Array.from({ length }, () => this.legal(items, field, root));
  }

  #text({ pattern, format, minLength = 0, maxLength = 300 }: JsonSchema, field: string): string {
    if (format === 'date-time') return new Date(Date.now() + this.#random.integer(-1e9, 1e9)).toISOString();
    const form = pattern === undefined ? /^/ : new RegExp(pattern, 'u');
    const fits = (text: string) => form.test(text) && text.length >= minLength && text.length <= maxLength;
    const word = Array.from({ length: this.#random.integer(2, 12) }, () =>
      String.fromCharCode(this.#random.integer(97, 122)),
    ).join('');
    const candidates = [
      ...(this.#random.chance(0.7) && known[field] ? [this.#random.pick(known[field])] : []),
      ...(this.#random.chance(0.5) ? [word] : []),
      ...samples,
    ];
    return candidates.find(fits) ?? word.padEnd(minLength, 'x').slice(0, maxLength);
  }

  #spoil(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null || this.#random.chance(0.15 + depth * 0.2)) {
      return this.hostile();
    }
    if (Array.isArray(value)) {
      const [index, kind] = [this.#random.integer(0, value.length), this.#random.integer(0, 2)];
      if (kind === 0) return [...value, this.hostile()];
      if (kind === 1) {
        // Large, but not large times large: the registry is tested, not the memory of the test.
        const item: unknown = typeof value[0] === 'object' ? {} : String(value[0]).slice(0, 50);
        return Array.from({ length: this.#random.integer(50, 3_000) }, () => item);
      }
      return value.map((item, at) => (at === index ? this.#spoil(item, depth + 1) : item));
    }
    const members = Object.entries(value);
    const kind = this.#random.integer(0, 4);
    if (kind === 0) return Object.fromEntries([...members, [this.#key(), this.hostile()]]);
    const target = this.#random.integer(0, members.length - 1);
    if (kind === 1) return Object.fromEntries(members.filter((_member, at) => at !== target));
    return Object.fromEntries(
      members.map(([name, member], at) => [name, at === target ? this.#spoil(member, depth + 1) : member]),
    );
  }

  #key(): string {
    return this.#random.pick([
      'colour',
      '__proto__',
      'constructor',
      'a\0',
      '\ud800',
      '',
      'x'.repeat(2_000),
      'status',
    ]);
  }
}

function deepList(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}
