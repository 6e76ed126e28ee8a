/** Letters of other scripts that look like a Latin one, beside it. */
const lookAlikes = new Map(
  [
    ['a', 'аαɑ'],
    ['b', 'Ьв'],
    ['c', 'сϲ'],
    ['d', 'ԁđ'],
    ['e', 'еεє'],
    ['h', 'һн'],
    ['i', 'іιıɩ'],
    ['j', 'ј'],
    ['k', 'кκ'],
    ['l', 'łӏ'],
    ['L', 'Ł'],
    ['m', 'м'],
    ['n', 'пη'],
    ['o', 'оοσø'],
    ['p', 'рρ'],
    ['q', 'ԛ'],
    ['s', 'ѕ'],
    ['t', 'тτ'],
    ['u', 'υս'],
    ['v', 'νѵ'],
    ['w', 'ѡԝω'],
    ['x', 'хχ'],
    ['y', 'уγ'],
    ['A', 'АΑ'],
    ['B', 'ВΒ'],
    ['C', 'С'],
    ['E', 'ЕΕ'],
    ['H', 'НΗ'],
    ['I', 'ІΙ'],
    ['J', 'Ј'],
    ['K', 'КΚ'],
    ['M', 'МΜ'],
    ['N', 'Ν'],
    ['O', 'ОΟØ'],
    ['P', 'РΡ'],
    ['S', 'Ѕ'],
    ['T', 'ТΤ'],
    ['X', 'ХΧ'],
    ['Y', 'УΥ'],
    ['Z', 'Ζ'],
    ['ss', 'ß'],
    ['ae', 'æ'],
    ['oe', 'œ'],
  ].flatMap(([latin = '', others = '']) => [...others].map((other) => [other, latin] as const)),
);

/**
 * A text in ASCII, as its author may have meant it: accents and letter forms are dropped, letters that look
 * like Latin ones become those, dashes become "-", and spaces and other punctuation "-" too. What has no ASCII
 * counterpart is dropped. Only for suggestions; a name itself is never changed.
 */
export function foldToAscii(text: string): string {
  let folded = '';
  for (const character of text.normalize('NFKD')) {
    const latin = character <= '~' ? character : lookAlikes.get(character);
    if (latin !== undefined) folded += latin > ' ' ? latin : '-';
    else if (/[\p{P}\p{Z}]/u.test(character)) folded += '-';
  }
  return folded;
}
