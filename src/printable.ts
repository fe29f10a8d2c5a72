/**
 * What a terminal obeys instead of showing it: the control characters of ASCII and of Latin-1, the separators of lines and
 * paragraphs, and marks that turn the direction of the text around them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_C}\u2028\u2029\ufeff]/gu;

/**
 * A text from a file that may be a stranger's, safe to show in a line: whatever a terminal would obey is replaced by `�`.
 * All that this library says, in errors, notes and tables, has gone through here.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\u{fffd}');
}

/** The same for a text of several lines, whose breaks stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/**
 * A value as JSON that is safe to show: what `JSON.stringify` leaves as it is, such as the control characters of Latin-1,
 * is escaped as well. Reading it gives the same value back.
 */
export function printableJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item), indent);
  return text.replace(UNPRINTABLE, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
