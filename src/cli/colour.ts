import * as util from 'node:util';

/** What stands out on a terminal, and how. */
const STYLES = {
  error: ['red', 'bold'],
  warning: ['yellow'],
  good: ['green', 'bold'],
  command: ['cyan'],
  faint: ['dim'],
  title: ['bold'],
} as const;

export type Style = keyof typeof STYLES;

/** Whether text that goes there may have colours: on a terminal that has some, unless `NO_COLOR` says otherwise (no-color.org). */
export function hasColours(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** A text that stands out. Node has the function from 20.12 on; before, text stays plain. */
export function styled(text: string, style: Style): string {
  const { styleText } = util as Partial<Pick<typeof util, 'styleText'>>;
  return STYLES[style].reduce((inner, format) => styleText?.(format, inner) ?? inner, text);
}
