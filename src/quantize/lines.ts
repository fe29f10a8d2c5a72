/** What weights of a tensor have parameters of their own together; a number: so many weights behind each other. */
export const BY = ['layer', 'channel', 'group'] as const;
/** Which weights have parameters of their own: the layer's, each channel's, each group's, or so many behind each other. */
export type By = 'layer' | 'channel' | 'group' | number;

/**
 * How the elements of a tensor make lines: as `[outer, count, inner]`, where the middle axis counts them; or, where no axis
 * does, the line of each element. Plain data, so that other threads can take it.
 */
export type Lines =
  | { readonly count: number; readonly inner: number }
  | { readonly count: number; readonly of: Uint32Array };

/**
 * Lines of so many elements each, the last perhaps a shorter one, in an order that is given.
 *
 * @param order - for each element in that order its place in the tensor; absent: the tensor's own order
 */
export function linesIn(elements: number, length: number, order: Int32Array | undefined): Lines {
  const count = Math.ceil(elements / length);
  if (!order) return { count, inner: length };
  const of = new Uint32Array(elements);
  for (let i = 0; i < elements; i++) of[order[i]] = Math.floor(i / length);
  // Where the tensor's second element is another line's than its first, lines change with every so many elements.
  const inner = Math.max(
    1,
    of.findIndex((line) => line !== of[0]),
  );
  return of.every((line, i) => line === Math.floor(i / inner) % count) ? { count, inner } : { count, of };
}

/** The places of each line's elements, line by line. */
export function placesOf(lines: Lines, elements: number): Uint32Array[] {
  const { count } = lines;
  const lineOf = 'of' in lines ? (i: number) => lines.of[i] : (i: number) => Math.floor(i / lines.inner) % count;
  const sizes = new Uint32Array(count);
  for (let i = 0; i < elements; i++) sizes[lineOf(i)]++;
  const places = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < elements; i++) {
    const line = lineOf(i);
    places[line][sizes[line]++] = i;
  }
  return places;
}
