import { extname } from 'node:path';
import { Lang, parse, type SgNode } from '@ast-grep/napi';
import type { NameKind } from '@nomos/schemas';
import type { NameUse } from './name-use.js';

const SDK_MODULE = '@nomos/sdk';

/**
 * The names that a TypeScript or JavaScript file passes as string literals to this SDK. A file that does
 * not import the SDK has none: `send` and `consumer` are common words in other libraries.
 */
export function findNames(file: string, source: string): NameUse[] {
  if (!source.includes(SDK_MODULE)) return [];
  const language = extname(file).endsWith('x') ? Lang.Tsx : Lang.TypeScript;
  const root = parse(language, source).root();
  if (!importsSdk(root)) return [];
  const uses: NameUse[] = [];
  for (const call of root.findAll({ rule: { kind: 'call_expression' } })) findInCall(call, uses);
  return uses;
}

function importsSdk(root: SgNode): boolean {
  const modules = root.findAll({
    rule: {
      kind: 'string',
      any: [
        { inside: { kind: 'import_statement' } },
        { inside: { kind: 'export_statement' } },
        { inside: { kind: 'arguments', inside: { pattern: 'require($$$)' } } },
        { inside: { kind: 'arguments', inside: { pattern: 'import($$$)' } } },
      ],
    },
  });
  return modules.some((module) => literalText(module) === SDK_MODULE);
}

function findInCall(call: SgNode, uses: NameUse[]): void {
  const callee = call.field('function');
  const parameters =
    call
      .field('arguments')
      ?.children()
      .filter((child) => child.isNamed()) ?? [];
  if (callee?.is('identifier') && callee.text() === 'tag') {
    for (const parameter of parameters) addLiteral('tag', parameter, uses);
    return;
  }
  const [options] = parameters;
  if (!callee?.is('member_expression') || !options?.is('object')) return;
  switch (callee.field('property')?.text()) {
    case 'producer':
      addLiteral('producer-group', propertyValue(options, 'group'), uses);
      for (const topic of propertyValue(options, 'topics')?.children() ?? [])
        addLiteral('topic', topic, uses);
      break;
    case 'consumer':
      addLiteral('consumer-group', propertyValue(options, 'group'), uses);
      for (const { key } of pairsOf(propertyValue(options, 'subscribe'))) addLiteral('topic', key, uses);
      break;
    case 'send':
      addLiteral('topic', propertyValue(options, 'topic'), uses);
      addLiteral('tag', propertyValue(options, 'tag'), uses);
      for (const { key } of pairsOf(propertyValue(options, 'properties'))) addPropertyName(key, uses);
      break;
  }
}

interface Pair {
  readonly key: SgNode;
  readonly value: SgNode;
}

function pairsOf(object: SgNode | undefined): Pair[] {
  if (!object?.is('object')) return [];
  const pairs: Pair[] = [];
  for (const child of object.children()) {
    const key = child.is('pair') ? child.field('key') : null;
    const value = child.is('pair') ? child.field('value') : null;
    if (key && value)
      pairs.push({ key: key.is('computed_property_name') ? (key.child(1) ?? key) : key, value });
  }
  return pairs;
}

function propertyValue(object: SgNode, name: string): SgNode | undefined {
  return pairsOf(object).find(({ key }) => key.text() === name || literalText(key) === name)?.value;
}

function addPropertyName(key: SgNode, uses: NameUse[]): void {
  if (key.is('property_identifier')) add('property', key.text(), key, uses);
  else addLiteral('property', key, uses);
}

function addLiteral(kind: NameKind, node: SgNode | undefined, uses: NameUse[]): void {
  const text = node === undefined ? undefined : literalText(node);
  if (node !== undefined && text !== undefined) add(kind, text, node, uses);
}

function add(kind: NameKind, name: string, node: SgNode, uses: NameUse[]): void {
  const { line, column } = node.range().start;
  uses.push({ kind, name, line: line + 1, column: column + 1 });
}

/** The value of a string literal, or of a template without substitutions. */
function literalText(node: SgNode): string | undefined {
  const text = node.text();
  if (node.is('string')) return withoutQuotes(text);
  if (node.is('template_string') && !text.includes('${')) return withoutQuotes(text);
  return undefined;
}

/** Legal names need no escapes, so an escape is kept as it stands and the norm then refuses the backslash. */
function withoutQuotes(literal: string): string {
  return literal.slice(1, -1);
}
