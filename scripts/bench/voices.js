// What is left of a voice detector by default, by its weights' own noise and in int8: windows of sounds that nobody compressed it by.
//
//   npm run bench voices [-- MODEL.onnx … --recordings DATA]
//
// Those of the voice package, unless told otherwise. Eight times ten seconds of something like speech, and recordings of a second, ten
// end to end: each with what stands before a window in front of it, as Silero VAD is meant to be fed, and without. Divergence is
// in nats a window, the share of windows that are decided alike in per cent.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { disk } from '../../build/cli/disk.js';
import { cluster, compress, decode, encode, openDataset, openOnnx, roundedToInt8 } from '../../build/index.js';
import { clusteringOf } from '../../build/stages/cluster.js';
import { baselineSizes } from './support/int8.js';
import { vad } from './support/packaged.js';
import { RATE, speech } from './support/speech.js';
import { bytesOf } from './support/subject.js';
import { CONTEXT, hear } from './support/voices.js';

const { values, positionals } = parseArgs({ options: { recordings: { type: 'string' } }, allowPositionals: true });
const models = positionals.length > 0 ? positionals : ['legacy', 'v5', 'v6'].map(vad);

const VOICES = 8;
const SECONDS = 10;
/** Recordings laid end to end, and how many such sounds there are. */
const IN_A_ROW = 10;
const ROWS = 16;
/** Shares nearer to 0 or 1 than this are taken for so far away. */
const LEAST = 1e-7;

async function recordings(path) {
  const dataset = await openDataset(path, disk);
  const sounds = Array.from({ length: ROWS }, () => new Float32Array(IN_A_ROW * RATE));
  let at = 0;
  for await (const { inputs } of dataset({ limit: ROWS * IN_A_ROW })) {
    const [{ data, dims }] = Object.values(inputs);
    for (let i = 0; i < dims[0] && at < ROWS * IN_A_ROW; i++, at++) {
      const recording = Float32Array.from(data.slice(i * RATE, (i + 1) * RATE), Number);
      sounds[Math.floor(at / IN_A_ROW)].set(recording, (at % IN_A_ROW) * RATE);
    }
  }
  return sounds;
}

const inside = (share) => Math.min(1 - LEAST, Math.max(LEAST, share));

/** How far decisions are off, and how many are the same. */
function compared(reference, shares) {
  let [divergence, same] = [0, 0];
  for (const [i, share] of shares.entries()) {
    const [p, q] = [inside(reference[i]), inside(share)];
    divergence += p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    if (p > 0.5 === q > 0.5) same++;
  }
  return [(divergence / shares.length).toPrecision(2), `${((100 * same) / shares.length).toFixed(1)} %`];
}

const sounds = { speech: Array.from({ length: VOICES }, (_, seed) => speech(seed, SECONDS)) };
if (values.recordings) sounds.recordings = await recordings(values.recordings);
const sets = Object.entries(sounds).flatMap(([name, of]) => [
  { name: `${name}, with what stands before`, of, context: CONTEXT },
  { name: `${name}, without`, of, context: 0 },
]);
const number = (value) => (value === null ? '–' : value.toLocaleString('en'));
const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
row(['model', 'way', 'bytes', ...sets.flatMap(({ name }) => [name, 'alike'])]);
row(Array.from({ length: 3 + 2 * sets.length }, () => '---'));
for (const path of models) {
  const bytes = new Uint8Array(readFileSync(path));
  const model = openOnnx(bytes);
  const references = [];
  for (const { of, context } of sets) references.push(await hear(bytes, of, context));
  const { container } = await compress(bytes, { synthetic: { threads: 1 } });
  const plain = await cluster(clusteringOf({})).run(model, {});
  const int8 = roundedToInt8(model);
  const { 'int8 + brotli 11': int8Bytes } = await baselineSizes(bytes);
  /** @type {[string, number | null, Uint8Array][]} */
  const ways = [
    ['compress', container.length, await decode(container)],
    ['compress --no-synthetic', (await encode(plain)).length, bytesOf(plain)],
    ['int8 + brotli 11', int8Bytes, bytesOf(int8)],
  ];
  for (const [way, size, changed] of ways) {
    const cells = [];
    for (const [i, { of, context }] of sets.entries()) {
      cells.push(...compared(references[i], await hear(changed, of, context)));
    }
    row([basename(path, '.onnx'), way, number(size), ...cells]);
  }
}
