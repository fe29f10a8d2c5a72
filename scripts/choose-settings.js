// Chooses density and number of clusters of every layer of a bundled net, without retraining or calibration, on the
// validation split only: `npm run settings`. Prints the path it takes and writes models/NAME.fxq.yaml.
//
// A greedy descent: from no pruning and many clusters, the one step down one layer's ladder is taken that saves the
// most bytes for the least change of the net's outputs, until validation accuracy has lost what it may. Outputs are
// compared by their Kullback-Leibler divergence from the original's: far less noisy than counting wrong digits.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { stringify } from 'yaml';
import { compress, decode, openOnnx } from '../dist/index.js';
import { CLASSES, loadMnist, PIXELS, SIDE } from './train/mnist.js';

/** Points of validation accuracy that may be lost: less than what is promised on other images. */
const MAX_LOSS = { 'lenet-300-100': 0.16, 'lenet-5': 0.12 };
const DENSITIES = [1, 0.7, 0.5, 0.4, 0.33, 0.27, 0.22, 0.18, 0.15, 0.12, 0.1, 0.08, 0.065, 0.05, 0.04];
const CLUSTERS = [32, 24, 16, 12, 8, 6, 5, 4, 3, 2];

const validation = loadMnist('validation');
const pixels = Float32Array.from(validation.images, (byte) => byte / 255);

async function logitsOf(model) {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 2, logSeverityLevel: 3 });
  const input = new ort.Tensor('float32', pixels, [pixels.length / PIXELS, 1, SIDE, SIDE]);
  const { logits } = await session.run({ input });
  await session.release();
  return logits.data;
}

function softmax(row) {
  const top = Math.max(...row);
  const powers = row.map((z) => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

function compare(logits, reference) {
  let right = 0;
  let divergence = 0;
  for (let i = 0; i < validation.count; i++) {
    const row = Array.from(logits.subarray(i * CLASSES, (i + 1) * CLASSES));
    if (row.indexOf(Math.max(...row)) === validation.labels[i]) right++;
    const p = softmax(Array.from(reference.subarray(i * CLASSES, (i + 1) * CLASSES)));
    const q = softmax(row);
    for (let c = 0; c < CLASSES; c++) divergence += p[c] * Math.log((p[c] + 1e-12) / (q[c] + 1e-12));
  }
  return { accuracy: (100 * right) / validation.count, divergence: divergence / validation.count };
}

/** The options that these rungs of the layers' ladders stand for. */
function optionsOf(layers, rungs) {
  const layer = ({ name }, i) => ({
    match: name,
    density: DENSITIES[rungs[i].density],
    clusters: CLUSTERS[rungs[i].clusters],
  });
  const settings = layers.map(layer);
  return {
    prune: { rules: settings.map(({ match, density }) => ({ match, options: { density } })) },
    cluster: { rules: settings.map(({ match, clusters }) => ({ match, options: { clusters } })) },
  };
}

async function choose(name) {
  const file = fileURLToPath(new URL(`../models/${name}.onnx`, import.meta.url));
  const original = new Uint8Array(readFileSync(file));
  const layers = openOnnx(original).tensors.filter(({ role }) => role === 'weight');
  const reference = await logitsOf(original);
  const { accuracy: full } = compare(reference, reference);
  const trial = async (rungs) => {
    const { container } = await compress(original, optionsOf(layers, rungs));
    return { rungs, bytes: container.length, ...compare(await logitsOf(await decode(container)), reference) };
  };
  let current = await trial(layers.map(() => ({ density: 0, clusters: 0 })));
  let best = current;
  for (;;) {
    const candidates = [];
    for (const [i] of layers.entries()) {
      for (const [key, ladder] of Object.entries({ density: DENSITIES, clusters: CLUSTERS })) {
        if (current.rungs[i][key] + 1 >= ladder.length) continue;
        candidates.push(
          await trial(current.rungs.map((rung, k) => (k === i ? { ...rung, [key]: rung[key] + 1 } : rung))),
        );
      }
    }
    const price = ({ bytes, divergence }) => Math.max(divergence - current.divergence, 1e-6) / (current.bytes - bytes);
    const smaller = candidates.filter(({ bytes }) => bytes < current.bytes);
    if (smaller.length === 0) break;
    current = smaller.reduce((a, b) => (price(b) < price(a) ? b : a));
    console.log(
      `${name} ${current.bytes} bytes ${current.accuracy.toFixed(2)} % divergence ${current.divergence.toFixed(4)}`,
    );
    if (current.accuracy >= full - MAX_LOSS[name]) best = current;
    // Validation accuracy moves by chance; well past the limit it does not come back.
    else if (current.accuracy < full - 3 * MAX_LOSS[name]) break;
  }
  console.log(
    `${name}: ${original.length} -> ${best.bytes} bytes, validation ${full.toFixed(2)} -> ${best.accuracy.toFixed(2)} %`,
  );
  const rules = layers.map(({ name: match }, i) => ({
    match,
    prune: { density: DENSITIES[best.rungs[i].density] },
    cluster: { clusters: CLUSTERS[best.rungs[i].clusters] },
  }));
  const head = '# Chosen on validation images by `npm run settings`: see README.md here.\n';
  writeFileSync(
    fileURLToPath(new URL(`../models/${name}.fxq.yaml`, import.meta.url)),
    head + stringify({ layers: rules }),
  );
}

for (const name of process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(MAX_LOSS)) await choose(name);
