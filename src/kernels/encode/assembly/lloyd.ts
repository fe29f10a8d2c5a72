// As ../reference/lloyd.ts, operation by operation; the reasons stand there.

const BLOCK: i32 = 32;

// @ts-ignore: decorator
@inline
function value(sorted: usize, i: i32): f64 {
  return <f64>load<f32>(sorted + (<usize>i << 2));
}

/**
 * @param centroids - moved
 * @param limits - room for as many
 * @param hasMoved - room for k + 1 bytes
 * @param boundaries - k + 1 words; gets where clusters begin
 * @param sums - room for count / 32 + 1
 * @returns the iterations, negative if the last one still moved a value
 */
export function lloyd(
  sorted: usize,
  count: i32,
  centroids: usize,
  k: i32,
  limits: usize,
  hasMoved: usize,
  boundaries: usize,
  sums: usize,
  maxIterations: i32,
): i32 {
  const zero = firstNotBelow(sorted, count, 0);
  const offset = zero % BLOCK;
  sumBlocks(sorted, count, zero, offset, sums);
  memory.fill(boundaries, 0, <usize>k << 2);
  store<i32>(boundaries + (<usize>k << 2), count);
  for (let i: i32 = 0; i < k; i++) store<f64>(limits + (<usize>i << 3), NaN);
  // In the first iteration everything moves.
  memory.fill(hasMoved, 1, k + 1);

  let iterations: i32 = 0;
  let changed = true;
  while (changed && iterations < maxIterations) {
    changed = iterations == 0;
    iterations++;
    if (moveBoundaries(sorted, count, centroids, k, limits, hasMoved, boundaries, iterations == 1)) changed = true;
    if (!changed) break;
    moveCentroids(sorted, centroids, k, hasMoved, boundaries, sums, offset);
    memory.fill(hasMoved, 0, k + 1);
  }
  return changed ? -iterations : iterations;
}

/** From the last to the first, because equal centroids have the limit of the last of them. */
function moveBoundaries(
  sorted: usize,
  count: i32,
  centroids: usize,
  k: i32,
  limits: usize,
  hasMoved: usize,
  boundaries: usize,
  isFirst: bool,
): bool {
  let changed = false;
  let limit = Infinity;
  let start = count;
  for (let i: i32 = k - 1; i > 0; i--) {
    const low = load<f64>(centroids + (<usize>i << 3) - 8);
    const high = load<f64>(centroids + (<usize>i << 3));
    if (low != high) limit = (low + high) / 2;
    const last = limits + (<usize>i << 3);
    if (limit == load<f64>(last)) continue;
    store<f64>(last, limit);
    const at = boundaries + (<usize>i << 2);
    const before = load<i32>(at);
    start = firstAbove(sorted, count, limit, isFirst ? start : before);
    if (start == before) continue;
    store<i32>(at, start);
    store<u8>(hasMoved + i, 1);
    changed = true;
  }
  return changed;
}

function moveCentroids(
  sorted: usize,
  centroids: usize,
  k: i32,
  hasMoved: usize,
  boundaries: usize,
  sums: usize,
  offset: i32,
): void {
  for (let i: i32 = 0; i < k; i++, centroids += 8, boundaries += 4, hasMoved++) {
    const start = load<i32>(boundaries);
    const end = load<i32>(boundaries, 4);
    if (start == end) {
      if (i > 0) store<f64>(centroids, max<f64>(load<f64>(centroids), load<f64>(centroids - 8)));
      continue;
    }
    if (load<u16>(hasMoved) == 0) continue;
    const mean = rangeSum(sorted, sums, offset, start, end) / <f64>(end - start);
    store<f64>(centroids, min<f64>(max<f64>(mean, value(sorted, start)), value(sorted, end - 1)));
  }
}

function firstAbove(sorted: usize, count: i32, limit: f64, hint: i32): i32 {
  let low = hint;
  let high = hint;
  for (let step: i32 = 1; high < count && value(sorted, high) <= limit; step = reach(step)) {
    low = high + 1;
    high = <i32>min<u32>(count, <u32>low + step);
  }
  for (let step: i32 = 1; low > 0 && value(sorted, low - 1) > limit; step = reach(step)) {
    high = low - 1;
    low = max<i32>(0, high - step);
  }
  while (low < high) {
    const middle = <i32>((<u32>low + <u32>high) >> 1);
    if (value(sorted, middle) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Twice as far, without an overflow. */
// @ts-ignore: decorator
@inline
function reach(step: i32): i32 {
  return min<i32>(step << 1, 1 << 29);
}

function firstNotBelow(sorted: usize, count: i32, limit: f64): i32 {
  let low: i32 = 0;
  let high = count;
  while (low < high) {
    const middle = <i32>((<u32>low + <u32>high) >> 1);
    if (value(sorted, middle) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sumBlocks(sorted: usize, count: i32, zero: i32, offset: i32, sums: usize): void {
  const blocks = (count - offset) / BLOCK;
  const zeroBlock = (zero - offset) / BLOCK;
  const at = sums + (<usize>zeroBlock << 3);
  let sum: f64 = 0;
  store<f64>(at, 0);
  for (let block = zeroBlock; block < blocks; block++) {
    const start = offset + block * BLOCK;
    sum += directSum(sorted, start, start + BLOCK);
    store<f64>(sums + (<usize>block << 3), sum, 8);
  }
  sum = 0;
  for (let block = zeroBlock - 1; block >= 0; block--) {
    const start = offset + block * BLOCK;
    sum -= directSum(sorted, start, start + BLOCK);
    store<f64>(sums + (<usize>block << 3), sum);
  }
}

function rangeSum(sorted: usize, sums: usize, offset: i32, start: i32, end: i32): f64 {
  const firstBlock = start <= offset ? 0 : (start - offset + BLOCK - 1) / BLOCK;
  const lastBlock = end < offset ? -1 : (end - offset) / BLOCK;
  if (lastBlock <= firstBlock) return directSum(sorted, start, end);
  const whole = load<f64>(sums + (<usize>lastBlock << 3)) - load<f64>(sums + (<usize>firstBlock << 3));
  const before = directSum(sorted, start, offset + firstBlock * BLOCK);
  return before + whole + directSum(sorted, offset + lastBlock * BLOCK, end);
}

function directSum(sorted: usize, start: i32, end: i32): f64 {
  let sum: f64 = 0;
  for (let i = start; i < end; i++) sum += value(sorted, i);
  return sum;
}

/** Four sums of the squared distances of `count` values of the input, from `at` on, to a centroid, added up. */
export function squaredError(at: usize, count: i32, centroid: f64): f64 {
  const centroids = f64x2.splat(centroid);
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  for (; count >= 4; count -= 4, at += 16) {
    const low = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(at)), centroids);
    const high = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(at, 8)), centroids);
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  let first = f64x2.extract_lane(even, 0);
  let second = f64x2.extract_lane(even, 1);
  let third = f64x2.extract_lane(odd, 0);
  if (count > 0) first += squared(at, centroid);
  if (count > 1) second += squared(at + 4, centroid);
  if (count > 2) third += squared(at + 8, centroid);
  return first + third + (second + f64x2.extract_lane(odd, 1));
}

// @ts-ignore: decorator
@inline
function squared(at: usize, centroid: f64): f64 {
  const distance = value(at, 0) - centroid;
  return distance * distance;
}
