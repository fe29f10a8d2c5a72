// Makes and trains a small net in the manner of ALBERT: one layer gone through twelve times, a table of words that also gives
// the scores of words. It learns to say which words lines of this project's own documents are made of, some of them missing.
//
//   node scripts/train/albert.js [--steps 400] [--rate 0.003] [--seed 1] --out FOLDER
//
// Writes albert.onnx, and calibration.npz and test.npz with lines of text, some of them shorter than others, from parts of the
// documents that it was not trained on. Gradients are the project's own, in ONNX Runtime; a few minutes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import onnxProto from 'onnx-proto';
import { gradientGraph } from '../../build/gradient/gradient-graph.js';
import { createRandom, shuffle } from '../../build/random.js';
import { loadRuntime } from '../../build/runtime/runtime.js';
import { openSession } from '../../build/runtime/session.js';
import { adam } from '../../build/tune/optimiser.js';
import { ALBERT, albert } from '../bench/support/nets/albert.js';
import { npz } from '../bench/support/npz.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '400' },
    rate: { type: 'string', default: '0.003' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
if (!values.out) throw new RangeError('--out: expected a folder for the net and its data');

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'src/container/README.md', 'models/README.md'];
/** Lines that go through the net together, and how many of their words are hidden. */
const BATCH = 24;
const HIDDEN = 0.15;
/** Ids of what is no word. */
const [PAD, UNKNOWN, MISSING] = [0, 1, 2];
const LENGTH = ALBERT.positions;
/** Shares of the lines that are kept for calibrating and for testing. */
const PARTS = { train: 0.6, calibration: 0.2 };

const random = createRandom(Number(values.seed));
const text = DOCUMENTS.map((name) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8'));
const words =
  text
    .join('\n')
    .toLowerCase()
    .match(/[a-z]+|\d|[^\sa-z\d]/g) ?? [];
const counts = new Map();
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
const known = [...counts].sort((a, b) => b[1] - a[1]).slice(0, ALBERT.words - 3);
const ids = new Map(known.map(([word], i) => [word, i + 3]));
const lines = shuffle(cut(words.map((word) => ids.get(word) ?? UNKNOWN)), random);
const [train, calibration] = [PARTS.train, PARTS.calibration].map((share) => Math.floor(share * lines.length));

/** Lines of a third of the length to all of it, one beginning where the other ends, twice over. */
function cut(all) {
  const found = [];
  for (let start = 0; start < all.length; ) {
    const length = Math.ceil((LENGTH * (1 + 2 * random.float())) / 3);
    found.push(all.slice(start, start + length));
    start += Math.ceil(length / 2);
  }
  return found;
}

/** Inputs of these lines, some of their words hidden, and which all of them are. */
function inputsOf(some) {
  const size = some.length * LENGTH;
  const [tokens, mask, targets] = [new BigInt64Array(size), new BigInt64Array(size), new Int32Array(size)];
  for (const [row, line] of some.entries()) {
    for (let i = 0; i < LENGTH; i++) {
      const at = row * LENGTH + i;
      const id = line[i] ?? PAD;
      const isHidden = i < line.length && random.float() < HIDDEN;
      tokens[at] = BigInt(isHidden ? MISSING : id);
      mask[at] = BigInt(Number(i < line.length));
      targets[at] = i < line.length ? id : -1;
    }
  }
  const dims = [some.length, LENGTH];
  const inputs = { input_ids: tokens, attention_mask: mask, token_type_ids: new BigInt64Array(size) };
  return { arrays: Object.fromEntries(Object.entries(inputs).map(([name, data]) => [name, { data, dims }])), targets };
}

const bytes = albert({}, { seed: Number(values.seed) });
const graph = gradientGraph(bytes, { loss: 'cross-entropy' });
const stored = new Map(onnxProto.onnx.ModelProto.decode(bytes).graph.initializer.map((each) => [each.name, each]));
const parameters = graph.parameters.map(({ name, dims }) => {
  const { rawData } = stored.get(name);
  return { name, dims: dims.map(Number), free: new Float32Array(new Uint8Array(rawData).buffer), decay: 0.01 };
});
const optimiser = adam(parameters);
const session = await openSession(await loadRuntime(), graph.bytes, {});
const [target] = graph.targets;
const steps = Number(values.steps);
let mean = 0;
for (let step = 1; step <= steps; step++) {
  const some = Array.from({ length: BATCH }, () => lines[random.below(train)]);
  const { arrays, targets } = inputsOf(some);
  // Rows of padding are all noughts: they have no loss.
  const wanted = new Float32Array(targets.length * ALBERT.words);
  for (const [at, id] of targets.entries()) if (id >= 0) wanted[at * ALBERT.words + id] = 1;
  const weights = parameters.map(({ name, dims, free }) => [name, { data: free, dims }]);
  const inputs = {
    ...arrays,
    ...Object.fromEntries(weights),
    [target.name]: { data: wanted, dims: [BATCH, LENGTH, ALBERT.words] },
  };
  const { outputs } = await session.run({ inputs });
  // The loss is a mean over all places; of words it is more.
  const asked = targets.reduce((sum, id) => sum + Number(id >= 0), 0);
  const share = targets.length / Math.max(1, asked);
  const gradients = parameters.map(({ name }) => {
    const { data } = outputs[graph.gradients.get(name)];
    return Float32Array.from(data, (value) => value * share);
  });
  const rate = Number(values.rate) * Math.min(1, step / 50) * (1 - step / (steps + 1));
  optimiser.step(gradients, rate);
  const loss = outputs[graph.loss].data[0] * share;
  mean = step === 1 ? loss : 0.95 * mean + 0.05 * loss;
  if (step % 25 === 0) console.error(`step ${step}/${steps}  loss ${mean.toFixed(3)}`);
}
await session.release();

const model = onnxProto.onnx.ModelProto.decode(bytes);
const trained = new Map(parameters.map(({ name, free }) => [name, free]));
for (const each of model.graph.initializer) {
  const free = trained.get(each.name);
  if (free) each.rawData = new Uint8Array(free.buffer);
}
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'albert.onnx'), onnxProto.onnx.ModelProto.encode(model).finish());
const parts = { calibration: lines.slice(train, train + calibration), test: lines.slice(train + calibration) };
for (const [name, some] of Object.entries(parts)) {
  writeFileSync(join(values.out, `${name}.npz`), npz(inputsOf(some).arrays));
  console.log(`${name}: ${some.length} lines`);
}
