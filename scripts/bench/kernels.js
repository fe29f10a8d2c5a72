// The kernels of encoding: weights a second, beside copying the weights, and against their TypeScript reference.
//
//   npm run bench kernels [weights rounds]
//
// One thread. CPU time, so that other programs do not show; the fastest of all rounds, in which kernels and reference take
// turns. A weight is four bytes of float32; the
// kernels that follow the indexing take its symbols, of two bytes.
import os from 'node:os';
import { pathToFileURL } from 'node:url';
import { makeCode } from '../../build/container/write/runs.js';
import { orderedKey } from '../../build/kernels/encode/kernels.js';
import { referenceKernels } from '../../build/kernels/encode/reference/kernels.js';
import { compileEncodeKernels } from '../../build/kernels/encode/wasm.js';
import { createRandom, normal } from '../../build/random.js';

const CLUSTERS = 32;
const DENSITY = 0.3;
const CHUNK = 1 << 16;
const SPARSE_CHUNK = 1 << 18;

/** What each kernel does to a layer of so many weights, pruned and clustered from a bell. */
function works(count) {
  const random = createRandom(12345);
  const weights = Float32Array.from({ length: count }, () => 0.05 * normal(random));
  const sorted = referenceKernels.sort(weights, false);
  const largest = sorted[count - 1];
  const start = Float64Array.from({ length: CLUSTERS }, (_, i) => largest * ((2 * i) / (CLUSTERS - 1) - 1));
  const centroids = start.slice();
  referenceKernels.lloyd(sorted, centroids, 100_000);
  const shared = Float32Array.from(centroids);
  const limits = Float32Array.from({ length: CLUSTERS - 1 }, (_, i) => (shared[i] + shared[i + 1]) / 2);
  const keys = Uint32Array.from(new Int32Array(limits.buffer), (bits) => orderedKey(bits) >>> 0);
  const threshold = referenceKernels.sort(weights.map(Math.abs), false)[Math.floor((1 - DENSITY) * count)];
  const pruned = weights.slice();
  referenceKernels.zeroBelow(pruned, threshold, 0);
  referenceKernels.share(pruned, keys, shared);
  const units = new Uint32Array(pruned.buffer);
  const { values, symbols } = referenceKernels.findValues(units, 1024);
  // Zero is the first symbol.
  const zero = values.indexOf(0);
  const names = Uint16Array.from(values, (_, i) => (i === zero ? 0 : i === 0 ? zero : i));
  referenceKernels.relabel(symbols, names);
  const counts = new Uint32Array(values.length);
  for (const symbol of symbols) counts[symbol]++;
  const all = makeCode(counts);
  const kept = makeCode(counts.subarray(1));
  const { runs } = referenceKernels.countRuns(symbols, SPARSE_CHUNK);
  const gaps = makeCode(Uint32Array.from({ length: 16 }, (_, gap) => runs[gap] + 1));
  const chunked = (size, use) => {
    for (let at = 0; at < count; at += size) use(symbols.subarray(at, at + size));
  };
  const quarters = (total) => {
    const each = Math.ceil(total / 4);
    return [each, each, each, total - 3 * each];
  };
  const [high, low] = [new Float64Array(2 ** 15), new Float64Array(2 ** 16)];
  const copy = new Float32Array(count);
  const changed = (change) => (kernels) => {
    copy.set(weights);
    change(kernels);
  };
  return {
    copy: () => copy.set(weights),
    'check for finite': (kernels) => kernels.firstNotFinite(weights),
    'find a threshold': (kernels) => {
      kernels.countMagnitudes(weights, high);
      kernels.countWithin(weights, 0x3d80, low);
    },
    'prune (and copy)': changed((kernels) => kernels.zeroBelow(copy, threshold, 0)),
    sort: (kernels) => kernels.sort(weights, false),
    'k-means, sorted': (kernels) => kernels.lloyd(sorted, start.slice(), 100_000),
    assign: (kernels) => kernels.assign(weights, keys),
    'share (and copy)': changed((kernels) => kernels.share(copy, keys, shared)),
    'find values': (kernels) => kernels.findValues(units, 1024),
    'count runs': (kernels) => kernels.countRuns(symbols, SPARSE_CHUNK),
    'make a mask': (kernels) => kernels.maskOf(symbols),
    'encode, dense': (kernels) => chunked(CHUNK, (part) => kernels.encodeRun(part, all, quarters(part.length))),
    'encode, pairs': (kernels) => chunked(SPARSE_CHUNK, (part) => kernels.encodePairs(part, gaps, kept, quarters)),
  };
}

/** @returns by kernel: weights a second, that as a share of a copy's, and how many times the reference's it is */
export function kernelSpeeds(count = 4_000_000, rounds = 5) {
  const wasm = compileEncodeKernels();
  const { copy, ...kernels } = works(count);
  const timed = (work) => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  const least = (times) => Math.min(...times);
  const memcpy = least(Array.from({ length: rounds + 1 }, () => timed(copy)));
  return Object.entries(kernels).map(([name, work]) => {
    const pairs = Array.from({ length: rounds + 1 }, () => [
      timed(() => work(wasm)),
      timed(() => work(referenceKernels)),
    ]);
    const [ours, theirs] = [0, 1].map((which) => least(pairs.map((pair) => pair[which])));
    return { name, perSecond: count / ours, memcpy: memcpy / ours, reference: theirs / ours };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [count, rounds] = process.argv.slice(2).map(Number);
  console.log(`Node ${process.version}, ${os.cpus()[0].model}; ${count || 4e6} weights, ${CLUSTERS} clusters\n`);
  console.log('| kernel | million weights/s | of memcpy | × reference |\n|---|--:|--:|--:|');
  for (const { name, perSecond, memcpy, reference } of kernelSpeeds(count || undefined, rounds || undefined)) {
    console.log(`| ${name} | ${(perSecond / 1e6).toFixed(0)} | ${memcpy.toPrecision(2)} | ${reference.toFixed(1)} |`);
  }
}
