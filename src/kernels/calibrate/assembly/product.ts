import { DEPTH } from '../memory';

/**
 * c += sign · a · b, where every sum is taken in the order of b's rows, on top of what is in c: the same bits however
 * the work is divided. Strides are in bytes. Writes up to the next multiple of four rows and columns.
 *
 * @param isTurned - b is given by its columns
 * @param isLower - leaves out tiles that lie above c's diagonal
 * @param work - room for `DEPTH` numbers of every row, and of four more
 */
export function multiply(
  c: usize,
  cStride: u32,
  a: usize,
  aStride: u32,
  b: usize,
  bStride: u32,
  rows: u32,
  columns: u32,
  depth: u32,
  sign: f64,
  isTurned: bool,
  isLower: bool,
  work: usize,
): void {
  const left = work + 32 * DEPTH;
  for (let done: u32 = 0; done < depth; done += DEPTH) {
    const part = min(depth - done, <u32>DEPTH);
    const bytes = part << 5;
    const from = a + (done << 3);
    for (let i: u32 = 0; i < rows; i += 4) packRows(left + (i >> 2) * bytes, from + i * aStride, aStride, part, sign);
    for (let j: u32 = 0; j < columns; j += 4) {
      if (isTurned) packRows(work, b + j * bStride + (done << 3), bStride, part, 1);
      else packColumns(work, b + done * bStride + (j << 3), bStride, part);
      const first: u32 = isLower ? j : 0;
      if (first < rows) {
        strip(c + first * cStride + (j << 3), cStride, (rows - first + 3) >> 2, left + (first >> 2) * bytes, work, part);
      }
    }
  }
}

/** Four columns of c: tiles of four rows by four columns, held in registers. */
export function strip(c: usize, stride: u32, tiles: u32, left: usize, right: usize, depth: u32): void {
  for (; tiles; tiles--) {
    const c1 = c + stride;
    const c2 = c1 + stride;
    const c3 = c2 + stride;
    let c00 = v128.load(c);
    let c01 = v128.load(c, 16);
    let c10 = v128.load(c1);
    let c11 = v128.load(c1, 16);
    let c20 = v128.load(c2);
    let c21 = v128.load(c2, 16);
    let c30 = v128.load(c3);
    let c31 = v128.load(c3, 16);
    let b = right;
    for (let k = depth; k; k--) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const a0 = v128.load64_splat(left);
      c00 = f64x2.add(c00, f64x2.mul(a0, b0));
      c01 = f64x2.add(c01, f64x2.mul(a0, b1));
      const a1 = v128.load64_splat(left, 8);
      c10 = f64x2.add(c10, f64x2.mul(a1, b0));
      c11 = f64x2.add(c11, f64x2.mul(a1, b1));
      const a2 = v128.load64_splat(left, 16);
      c20 = f64x2.add(c20, f64x2.mul(a2, b0));
      c21 = f64x2.add(c21, f64x2.mul(a2, b1));
      const a3 = v128.load64_splat(left, 24);
      c30 = f64x2.add(c30, f64x2.mul(a3, b0));
      c31 = f64x2.add(c31, f64x2.mul(a3, b1));
      left += 32;
      b += 32;
    }
    v128.store(c, c00);
    v128.store(c, c01, 16);
    v128.store(c1, c10);
    v128.store(c1, c11, 16);
    v128.store(c2, c20);
    v128.store(c2, c21, 16);
    v128.store(c3, c30);
    v128.store(c3, c31, 16);
    c = c3 + stride;
  }
}

/** Four rows side by side. */
function packRows(to: usize, from: usize, stride: u32, depth: u32, sign: f64): void {
  const from1 = from + stride;
  const from2 = from1 + stride;
  const from3 = from2 + stride;
  for (let k: u32 = 0; k < depth; k++) {
    const at = k << 3;
    store<f64>(to, sign * load<f64>(from + at));
    store<f64>(to, sign * load<f64>(from1 + at), 8);
    store<f64>(to, sign * load<f64>(from2 + at), 16);
    store<f64>(to, sign * load<f64>(from3 + at), 24);
    to += 32;
  }
}

/** Four columns, row behind row. */
function packColumns(to: usize, from: usize, stride: u32, depth: u32): void {
  for (; depth; depth--) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    to += 32;
    from += stride;
  }
}
