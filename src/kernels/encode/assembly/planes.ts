import { INPUT, OUTPUT } from '../memory';

/** Sorts the bytes of `count` units of the input by significance: see ../../../binary/planes.ts. */
export function toPlanes(count: u32, width: u32): void {
  let done: usize = 0;
  if (width == 4) done = fourPlanes(count);
  for (let plane: usize = 0; plane < <usize>width; plane++) {
    const to = <usize>OUTPUT + plane * count;
    for (let i = done; i < <usize>count; i++) store<u8>(to + i, load<u8>(<usize>INPUT + i * width + plane));
  }
}

/** As many units as fill vectors: tells how many. */
function fourPlanes(count: usize): usize {
  let i: usize = 0;
  for (let at: usize = INPUT; i + 16 <= count; i += 16, at += 64) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const lower = v128.shuffle<i8>(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const lowerNext = v128.shuffle<i8>(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const upper = v128.shuffle<i8>(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    const upperNext = v128.shuffle<i8>(c, d, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    const to = <usize>OUTPUT + i;
    v128.store(to, v128.shuffle<i64>(lower, lowerNext, 0, 2));
    v128.store(to + count, v128.shuffle<i64>(lower, lowerNext, 1, 3));
    v128.store(to + 2 * count, v128.shuffle<i64>(upper, upperNext, 0, 2));
    v128.store(to + 3 * count, v128.shuffle<i64>(upper, upperNext, 1, 3));
  }
  return i;
}
