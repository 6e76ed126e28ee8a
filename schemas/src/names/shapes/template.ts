import { limits } from '../../limits.js';

/** One piece of a template: fixed text, or the place of a segment. */
export type TemplateElement = { readonly text: string } | { readonly segment: string };

/** A template as elements, or why it cannot be one. */
export type ParsedTemplate =
  | { readonly ok: true; readonly elements: readonly TemplateElement[] }
  | { readonly ok: false; readonly problem: string };

/** Splits a template such as `cg-{app}-{purpose}` into fixed text and segments. */
export function parseTemplate(template: string): ParsedTemplate {
  if (template.length > limits.normPatternCharacters) {
    return { ok: false, problem: `is longer than ${limits.normPatternCharacters} characters` };
  }
  const elements: TemplateElement[] = [];
  // Braces only mark segments, so text with a brace left over is a template that was mistyped.
  for (const match of template.matchAll(/\{([^{}]*)\}|([^{}]+)|[{}]/g)) {
    const [, segment, text] = match;
    if (segment !== undefined) elements.push({ segment });
    else if (text !== undefined) elements.push({ text });
    else return { ok: false, problem: `has a brace without its partner at offset ${match.index}` };
  }
  const foreign = /[^!-~]/.exec(template);
  if (foreign !== null)
    return { ok: false, problem: `has a character at offset ${foreign.index} that is not visible ASCII` };
  const segments = elements.flatMap((element) => ('segment' in element ? [element.segment] : []));
  if (segments.length === 0) return { ok: false, problem: 'has no segment; write one as {segment}' };
  if (segments.length > limits.normSegments) {
    return { ok: false, problem: `has more than ${limits.normSegments} segments` };
  }
  const twice = segments.find((segment, index) => segments.indexOf(segment) !== index);
  if (twice !== undefined) return { ok: false, problem: `holds the segment {${twice}} twice` };
  return { ok: true, elements };
}
