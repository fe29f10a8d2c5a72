import { printableLines } from '../../printable.js';

/** A piece of HTML that is as it should be: nothing in it is text any more. */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Piece = Markup | string | number | null | undefined | false | readonly Piece[];

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML, also within quoted attributes; control characters, which no parser takes, are replaced. */
export function escapeHtml(text: string): string {
  return printableLines(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

/**
 * HTML from a template: what is filled in is text and escaped, unless it is {@link Markup} itself. Lists are joined, and
 * `null`, `undefined` and `false` are nothing.
 *
 * @example
 * html`<td>${tensor.name}</td>`;
 */
export function html(strings: TemplateStringsArray, ...pieces: Piece[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...pieces.map(render)));
}

function render(piece: Piece): string {
  if (piece instanceof Markup) return piece.text;
  if (piece === null || piece === undefined || piece === false) return '';
  return typeof piece === 'object' ? piece.map(render).join('') : escapeHtml(String(piece));
}

/** A name that may be broken where its parts meet. */
export function breakable(name: string): Markup {
  return new Markup(
    name
      .split(/(?<=[._/:])(?=\w)/)
      .map(escapeHtml)
      .join('<wbr>'),
  );
}
