import { INPUT, WORK } from '../memory';

/**
 * Multiplies the chunk's weights by the steps of their lines, which stand in the input: the first `left` weights by the
 * first, the next `inner` by the second; behind the last line comes the first again.
 */
export function scale(lines: u32, inner: u32, left: u32, count: u32): void {
  const end = <usize>WORK + (count << 2);
  const last = <usize>INPUT + (lines << 2);
  let s: usize = INPUT;
  for (let o: usize = WORK; o < end; ) {
    if (inner == 1) {
      // Each weight has a step of its own: four at a time, as long as the steps go.
      for (const stop = min(end, o + last - s); o + 16 <= stop; o += 16, s += 16) {
        v128.store(o, f32x4.mul(v128.load(o), v128.load(s)));
      }
    }
    if (s == last) s = INPUT;
    const step = load<f32>(s);
    const steps = f32x4.splat(step);
    const stop = min(end, o + (left << 2));
    for (; o + 16 <= stop; o += 16) v128.store(o, f32x4.mul(v128.load(o), steps));
    for (; o < stop; o += 4) store<f32>(o, load<f32>(o) * step);
    s += 4;
    if (s == last) s = INPUT;
    left = inner;
  }
}
