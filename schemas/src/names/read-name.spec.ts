import { describe, expect, it } from 'vitest';
import { compileNorm } from './compile-norm.js';
import { corpus, corpusNorms, corpusVocabularies } from './corpus.js';
import { defaultNorm } from './default-norm.js';
import type { NameContext } from './name-context.js';
import { type NameKind, type Norm, nameKinds } from './norm.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';
import { parseTemplate } from './shapes/template.js';

const norm = compileNorm(defaultNorm);
const known: NameContext = { vocabularies: corpusVocabularies };

/** Each finding as `rule start-end`, in the order of the reading. */
function findings(kind: NameKind, name: string, context: NameContext = known): string[] {
  const reading = norm.read(kind, name, context);
  const found = reading.ok ? reading.warnings : [...reading.violations, ...reading.warnings];
  return found.map(({ rule, position }) => `${rule} ${position?.start}-${position?.end}`);
}

function suggestionFor(kind: NameKind, name: string, context: NameContext = known): string | undefined {
  const reading = norm.read(kind, name, context);
  return reading.ok ? 'legal' : reading.suggestion;
}

describe('reading a legal name', () => {
  it('gives its segments', () => {
    expect(norm.read('topic', 'pay-paycore-transfer-completed', known)).toEqual({
      ok: true,
      kind: 'topic',
      name: 'pay-paycore-transfer-completed',
      segments: { domain: 'pay', app: 'paycore', entity: 'transfer', event: 'completed' },
      warnings: [],
    });
    expect(norm.read('consumer-group', 'cg-sms-notify')).toMatchObject({
      segments: { app: 'sms', purpose: 'notify' },
    });
    expect(norm.read('tag', 'OUT')).toMatchObject({ ok: true, segments: {} });
  });
});

describe('reading an illegal name', () => {
  it('says for each violation what, where, what was expected and what to use', () => {
    expect(norm.read('topic', 'pay_paycore-Transfer-completed', known)).toEqual({
      ok: false,
      kind: 'topic',
      name: 'pay_paycore-Transfer-completed',
      suggestion: 'pay-paycore-transfer-completed',
      violations: [
        {
          rule: 'template-shape',
          message: '"_" stands where "-" belongs.',
          position: { start: 3, end: 4 },
          expected: '{domain}-{app}-{entity}-{event}',
          suggestion: 'pay-paycore-transfer-completed',
        },
        {
          rule: 'segment-pattern',
          message: '"Transfer" cannot be the entity: it does not match [a-z][a-z0-9]{1,23}.',
          position: { start: 12, end: 20 },
          expected: '[a-z][a-z0-9]{1,23}',
          suggestion: 'pay-paycore-transfer-completed',
        },
      ],
      warnings: [],
    });
  });

  it.each<[NameKind, string, string[]]>([
    ['topic', 'pay-paycore-transfer', ['template-shape 20-20']],
    ['topic', 'paycore-transfer-completed', ['template-shape 0-0']],
    ['topic', 'pay-transfer-completed', ['template-shape 3-3']],
    ['topic', 'pay-paycore-credit-transfer-completed', ['template-shape 19-27']],
    ['topic', 'pay-paycore-transfer-completed-demo', ['template-shape 31-35', 'no-forbidden-word 31-35']],
    ['topic', 'pay--paycore-transfer-completed', ['template-shape 3-5']],
    ['topic', '-pay-paycore-transfer-completed', ['template-shape 0-1']],
    ['topic', 'pay.paycore-transfer-completed', ['rocketmq-characters 3-4']],
    ['topic', 'pay-paycore-Transfer-Completed', ['segment-pattern 12-20', 'segment-pattern 21-30']],
    ['topic', 'pya-paycroe-transfer-completed', ['segment-vocabulary 0-3', 'segment-vocabulary 4-11']],
    ['topic', 'pay-paycore-tmp-test', ['no-forbidden-word 12-15', 'no-forbidden-word 16-20']],
    ['consumer-group', 'pg-sms-notify', ['template-shape 0-2']],
    ['consumer-group', 'sms-notify', ['template-shape 0-0']],
    ['consumer-group', 'cg-sms', ['template-shape 6-6']],
    ['tag', '😀ok', ['name-pattern 0-4']],
    ['topic', 'pay-paycore-😀-completed', ['rocketmq-characters 12-14', 'segment-pattern 12-14']],
  ])('points into the %s %s', (kind, name, expected) => {
    expect(findings(kind, name).sort()).toEqual(expected.sort());
  });

  it('applies the rules about words and owners to malformed names as well', () => {
    const context = { vocabularies: corpusVocabularies, application: 'ledger' };
    expect(findings('consumer-group', 'cg_smz_test', context)).toEqual([
      'template-shape 2-3',
      'segment-vocabulary 3-6',
      'group-belongs-to-application 3-6',
      'template-shape 6-7',
      'no-forbidden-word 7-11',
    ]);
  });

  it('judges no fixed text of the template by the rules about words', () => {
    const names = { ...defaultNorm.names, topic: { template: 'test-{domain}-{event}' } };
    const reading = compileNorm({ ...defaultNorm, names }).read('topic', 'test-pay-completed');
    expect(reading.ok).toBe(true);
  });

  it('tells the words of a small vocabulary, and the size of a large one', () => {
    const read = (domains: string[]) =>
      norm.read('topic', 'nix-paycore-transfer-completed', { vocabularies: { domains: new Set(domains) } });
    expect(read(['risk', 'pay'])).toMatchObject({
      violations: [{ expected: 'a registered domain: pay, risk' }],
    });
    expect(read([])).toMatchObject({ violations: [{ expected: 'a registered domain; there is none yet' }] });
    const many = Array.from({ length: 40 }, (_, index) => `domain${index}`);
    expect(read(many)).toMatchObject({ violations: [{ expected: 'one of the 40 registered domains' }] });
  });
});

describe('the levels of rules', () => {
  const withLevel = (level: 'block' | 'warn' | 'off') =>
    compileNorm({
      ...defaultNorm,
      rules: {
        'group-belongs-to-application': level,
        'no-forbidden-word': { level, words: ['test'] },
        'near-duplicate': level,
      },
    });
  const context = { application: 'ledger', registeredNames: ['cg-sms-tests'] };

  it.each([
    ['block', false, 3, 0],
    ['warn', true, 0, 3],
    ['off', true, 0, 0],
  ] as const)('%s', (level, ok, violations, warnings) => {
    const reading = withLevel(level).read('consumer-group', 'cg-sms-test', context);
    expect(reading.ok).toBe(ok);
    expect(reading.ok ? 0 : reading.violations.length).toBe(violations);
    expect(reading.warnings).toHaveLength(warnings);
  });

  it('leave out a rule that the norm leaves out', () => {
    const silent = compileNorm({ ...defaultNorm, rules: {} });
    expect(silent.read('consumer-group', 'cg-sms-test', context)).toMatchObject({ ok: true, warnings: [] });
  });
});

describe('near-duplicate', () => {
  const transfer = 'pay-paycore-transfer-completed';
  const isNear = (name: string, registered: string, context: NameContext = {}) =>
    norm.read('topic', name, { ...context, registeredNames: [registered] }).warnings.length > 0;

  it.each([
    ['a letter changed', 'pay-paycore-tramsfer-completed'],
    ['a letter left out', 'pay-paycore-tranfer-completed'],
    ['a letter added', 'pay-paycore-transffer-completed'],
    ['two letters swapped', 'pay-paycore-transfre-completed'],
    ['a plural', 'pay-paycore-transfers-completed'],
    ['digits for letters', 'pay-payc0re-transfer-c0mpleted'],
    ['a separator moved', 'payp-aycore-transfer-completed'],
    ['the last letter left out', 'pay-paycore-transfer-complete'],
  ])('notices %s', (_, name) => {
    expect(isNear(name, transfer)).toBe(true);
    expect(isNear(transfer, name)).toBe(true);
  });

  it.each([
    ['the name itself', transfer],
    ['another event', 'pay-paycore-transfer-rejected'],
    ['two letters changed', 'pay-paycore-tramsver-completed'],
  ])('lets %s pass', (_, name) => {
    expect(isNear(name, transfer)).toBe(false);
  });

  it('does not compare names of different registered applications', () => {
    const applications = new Set(['paycore', 'paycare']);
    expect(isNear('pay-paycare-transfer-completed', transfer)).toBe(true);
    expect(isNear('pay-paycare-transfer-completed', transfer, { vocabularies: { applications } })).toBe(
      false,
    );
  });

  it('suggests the registered name if that is legal', () => {
    const warned = norm.read('topic', 'pay-paycore-transfers-completed', { registeredNames: [transfer] });
    expect(warned.warnings).toMatchObject([{ suggestion: transfer, position: { start: 0, end: 31 } }]);
    const old = norm.read('topic', 'pay-paycore-transfer-completed', {
      registeredNames: [transfer.replace('-', '_')],
    });
    expect(old.warnings).toHaveLength(1);
    expect(old.warnings[0]).not.toHaveProperty('suggestion');
  });

  it('walks an iterator that can be walked once', () => {
    const strict = compileNorm({
      ...defaultNorm,
      rules: { ...defaultNorm.rules, 'near-duplicate': 'block' },
    });
    function* registered() {
      yield transfer;
    }
    const reading = strict.read('topic', 'pay-paycore-transfers-completed', {
      registeredNames: registered(),
    });
    expect(reading).toMatchObject({ ok: false, suggestion: transfer });
  });

  it('compares with 100,000 names in well under a second', () => {
    const registeredNames = Array.from(
      { length: 100_000 },
      (_, index) => `pay-paycore-entity${index}-completed`,
    );
    const startedMs = performance.now();
    norm.read('topic', transfer, { registeredNames });
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });
});

describe('suggestions', () => {
  it.each<[NameKind, string, string | undefined]>([
    ['topic', 'pay.paycore.transfer.completed', 'pay-paycore-transfer-completed'],
    ['topic', 'pay/paycore/transfer completed', 'pay-paycore-transfer-completed'],
    ['topic', 'PAY_PAYCORE_TRANSFER_COMPLETED', 'pay-paycore-transfer-completed'],
    ['topic', 'payPaycoreTransferCompleted', 'pay-paycore-transfer-completed'],
    ['topic', 'pay--paycore-transfer-completed-', 'pay-paycore-transfer-completed'],
    ['topic', 'p\u0430y-p\u0430yc\u043ere-transfer-completed', 'pay-paycore-transfer-completed'],
    [
      'topic',
      'ｐａｙ－ｐａｙｃｏｒｅ－ｔｒａｎｓｆｅｒ－ｃｏｍｐｌｅｔｅｄ',
      'pay-paycore-transfer-completed',
    ],
    ['topic', 'pay\u2014paycore\u2013transf\u00e9r-compl\u00e8ted', 'pay-paycore-transfer-completed'],
    ['topic', 'pya-paycroe-transfer-completed', 'pay-paycore-transfer-completed'],
    ['topic', 'pay-payc0re-transfer-completed', 'pay-paycore-transfer-completed'],
    ['topic', 'pay-paycore-credit-transfer-completed', 'pay-paycore-credittransfer-completed'],
    ['topic', 'test-pay-paycore-transfer-completed', 'pay-paycore-transfer-completed'],
    ['topic', 'pay-paycore-transfer-completed_tmp', 'pay-paycore-transfer-completed'],
    ['topic', 'pay-paycore-test-completed', undefined],
    ['topic', 'pay-paycore-transfer', undefined],
    ['topic', 'zzzzzz-paycore-transfer-completed', undefined],
    ['topic', 'pin-paycore-transfer-completed', undefined],
    ['topic', '支付-转账', undefined],
    ['topic', 'TBW102', undefined],
    ['topic', '%RETRY%cg-sms-notify', undefined],
    ['topic', 'x'.repeat(256), undefined],
    ['topic', '', undefined],
    ['consumer-group', '%DLQ%cg-sms-notify', 'cg-sms-notify'],
    ['consumer-group', 'sms-notify', 'cg-sms-notify'],
    ['consumer-group', 'pg-sms-notify', 'cg-sms-notify'],
    ['consumer-group', 'CG_SMS_NOTIFY', 'cg-sms-notify'],
    ['consumer-group', 'smsNotify', 'cg-sms-notify'],
    ['consumer-group', 'cg-sms-notify-v2', 'cg-sms-notifyv2'],
    ['tag', 'order paid!', 'order_paid'],
    ['tag', 'IN||OUT', 'IN_OUT'],
    ['tag', '2fast', undefined],
    ['property', 'traceId', 'trace_id'],
    ['property', 'Customer-Id', 'customer_id'],
    ['property', 'KEYS', 'keys'],
    ['property', 'tmp_id', 'id'],
  ])('for the %s %j: %s', (kind, name, suggestion) => {
    expect(suggestionFor(kind, name)).toBe(suggestion);
  });

  it('put in the application that asks', () => {
    const context = { vocabularies: corpusVocabularies, application: 'ledger' };
    expect(suggestionFor('consumer-group', 'cg-sms-notify', context)).toBe('cg-ledger-notify');
    expect(suggestionFor('consumer-group', 'notify', context)).toBe('cg-ledger-notify');
    expect(suggestionFor('topic', 'pay-transfer-completed', context)).toBe('pay-ledger-transfer-completed');
  });

  it('put in the only word that there is, but not for another word', () => {
    const context = { vocabularies: { domains: new Set(['pay']) } };
    expect(suggestionFor('topic', 'paycore-transfer-completed', context)).toBe(
      'pay-paycore-transfer-completed',
    );
    expect(suggestionFor('topic', 'risk-paycore-transfer-completed', context)).toBeUndefined();
  });

  it('need no vocabulary', () => {
    expect(suggestionFor('topic', 'Pay.PayCore.Transfer.Completed', {})).toBe(
      'pay-paycore-transfer-completed',
    );
  });

  it('respect text within a slot, capitals and separators within segments', () => {
    const bank = compileNorm(corpusNorms['bank@2'] ?? defaultNorm);
    const suggest = (kind: NameKind, name: string) => {
      const reading = bank.read(kind, name, known);
      return reading.ok ? 'legal' : reading.suggestion;
    };
    expect(suggest('topic', 'pay_paycore_credit-transfer_2')).toBe('pay_paycore_credit-transfer_v2');
    expect(suggest('topic', 'pay-paycore-transfer-v2')).toBe('pay_paycore_transfer_v2');
    expect(suggest('consumer-group', 'cid_sms_notify')).toBe('CID_sms_NOTIFY');
    expect(suggest('tag', 'credit-transfer.Paid')).toBe('credit-transfer.paid');
    expect(suggest('property', 'order_id')).toBe('orderid');
  });
});

/** A word that matches one of the patterns of the norms of the corpus, made without looking at the reader. */
function wordFor(definition: Norm['segments'][string], random: SeededRandom): string {
  if ('from' in definition) return random.pick([...corpusVocabularies[definition.from]]);
  const [, first = '', rest = ''] = /^\[(.)-.\]\[(.+?)\]/.exec(definition.match) ?? [];
  const letters = { a: 'abcdefghij', A: 'ABCDEFGHIJ', '1': '123456789' }[first] ?? 'abcdefghij';
  const length = definition.match.startsWith('[1-9]') ? 1 : 2 + random.below(8);
  const inner = Array.from({ length }, () =>
    random.pick([...letters, ...(rest.includes('0-9') ? '0123456789' : '')]),
  );
  return random.pick([...letters]) + (first === '1' ? '' : inner.join(''));
}

describe('random names', () => {
  it('built from a template read back to the same segments', () => {
    const random = seededRandom(42);
    let read = 0;
    for (const [id, definition] of Object.entries(corpusNorms)) {
      const compiled = compileNorm(definition);
      for (let round = 0; round < 2000; round++) {
        const kind = random.pick(nameKinds);
        const shape = definition.names[kind];
        if (!('template' in shape)) continue;
        const template = parseTemplate(shape.template);
        if (!template.ok) throw new Error(template.problem);
        const segments: Record<string, string> = {};
        const name = template.elements
          .map((element) => {
            if ('text' in element) return element.text;
            const segment = definition.segments[element.segment];
            if (segment === undefined) throw new Error(`${id} has no segment ${element.segment}.`);
            const word = wordFor(segment, random);
            segments[element.segment] = word;
            return word;
          })
          .join('');
        const reading = compiled.read(kind, name, known);
        if (!reading.ok && reading.violations.every(({ rule }) => /length|word/.test(rule))) continue;
        expect({ name, ...(reading.ok ? { segments: reading.segments } : reading) }).toEqual({
          name,
          segments,
        });
        read++;
      }
    }
    expect(read).toBeGreaterThan(1500);
  });

  it('are read without throwing, with places in the name and only legal suggestions', () => {
    const random = seededRandom(4711);
    const pieces = [
      'pay',
      'paycore',
      'Transfer',
      'test',
      '-',
      '-',
      '_',
      '.',
      ' ',
      '%',
      '|',
      '\u0430',
      '\u0301',
      '转',
      '😀',
    ];
    const more = [
      '\ud800',
      '\u202e',
      '\u0000',
      '%RETRY%',
      'cg',
      'x'.repeat(40),
      '9',
      '--',
      'camelCase',
      '{app}',
    ];
    const compiledNorms = new Map(
      Object.entries(corpusNorms).map(([id, definition]) => [id, compileNorm(definition)]),
    );
    let suggested = 0;
    for (let round = 0; round < 3000; round++) {
      const entry = random.pick(corpus);
      const compiled = compiledNorms.get(entry.norm) ?? norm;
      let name = random.below(3) === 0 ? '' : entry.name;
      for (let edit = random.below(6); edit >= 0; edit--) {
        const at = random.below(name.length + 1);
        name = name.slice(0, at) + random.pick([...pieces, ...more]) + name.slice(at + random.below(3));
      }
      const context = random.below(2) === 0 ? known : { application: 'sms', registeredNames: [entry.name] };
      const reading = compiled.read(entry.kind, name, context);
      if (reading.ok) continue;
      expect(reading.violations.length).toBeGreaterThan(0);
      for (const { position, message, expected } of reading.violations) {
        const { start, end } = position ?? { start: -1, end: -1 };
        expect(0 <= start && start <= end && end <= name.length).toBe(true);
        expect(message).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]+\.$/u);
        expect(expected).toBeTruthy();
      }
      if (reading.suggestion === undefined) continue;
      expect(compiled.read(entry.kind, reading.suggestion, context)).toMatchObject({ ok: true });
      suggested++;
    }
    expect(suggested).toBeGreaterThan(100);
  });
});

describe('hostile names', () => {
  it.each([
    ['separators only', '-'.repeat(255)],
    ['many words', 'a-'.repeat(127)],
    ['many humps', 'aB'.repeat(127)],
    ['a word without end', 'a'.repeat(255)],
    ['control characters', '\u0001'.repeat(255)],
    ['combining marks', `a${'\u0301'.repeat(254)}`],
    ['ligatures that grow when taken apart', '\ufdfa'.repeat(255)],
    ['surrogates alone', '\ud83d'.repeat(255)],
    ['megabytes', 'pay-'.repeat(1_000_000)],
  ])('of %s are refused within milliseconds', (_, name) => {
    const applications = new Set(Array.from({ length: 10_000 }, (_, index) => `application${index}`));
    const context = { vocabularies: { ...corpusVocabularies, applications }, application: 'sms' };
    for (const kind of nameKinds) norm.read(kind, name, context);
    const startedMs = performance.now();
    for (const kind of nameKinds) expect(norm.read(kind, name, context).ok).toBe(false);
    expect((performance.now() - startedMs) / nameKinds.length).toBeLessThan(100);
  });
});
