/**
 * For each value of a key's upper 16 bits the number of limits in lower buckets, and at the end the number of all: tells
 * at once what is below a key whose bucket holds no limit, and where to search for the others.
 *
 * @param limits - ascending keys
 */
export function bucketStarts(limits: Uint32Array): Uint32Array {
  const starts = new Uint32Array(65536 + 1);
  for (const limit of limits) starts[(limit >>> 16) + 1]++;
  for (let bucket = 0; bucket < 65536; bucket++) starts[bucket + 1] += starts[bucket];
  return starts;
}
