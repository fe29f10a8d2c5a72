import { expect, it } from 'vitest';
import { RATE, speech } from '../../scripts/bench/support/speech.js';
import { concat } from '../../src/binary/bytes.js';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { inlineBranches } from '../../src/calibrate/inline.js';
import { calibratedQuantize } from '../../src/calibrate/quantize.js';
import { writeContainer } from '../../src/container/write/container.js';
import type { Batch, Dataset } from '../../src/data/dataset.js';
import { graphOf } from '../../src/graph/decoded-graph.js';
import { findLayers } from '../../src/graph/layers.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { loadRuntime, openSession } from '../../src/runtime/session.js';
import { cluster } from '../../src/stages/cluster.js';
import { quantize } from '../../src/stages/quantize.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';

const SECONDS = 6;
const VOICES = 8;
/** A window, and what stands before it: the model takes the end of the last one once more. */
const [WINDOW, CONTEXT] = [512, 64];

const voice = (seed: number): Float32Array => speech(seed, SECONDS);

/** Runs a model through several voices at once, its state from window to window, and gives its decisions. */
async function listen(bytes: Uint8Array, voices: readonly Float32Array[], heard: Batch[] = []): Promise<number[]> {
  const session = await openSession(await loadRuntime(), bytes, { threads: 2 });
  const count = voices.length;
  let state = { dims: [2, count, 128] as readonly number[], data: new Float32Array(2 * count * 128) };
  const decisions: number[] = [];
  for (let at = CONTEXT; at + WINDOW <= RATE * SECONDS; at += WINDOW) {
    const data = new Float32Array(count * (WINDOW + CONTEXT));
    for (const [i, voice] of voices.entries())
      data.set(voice.subarray(at - CONTEXT, at + WINDOW), (i * data.length) / count);
    const sr = { dims: [], data: BigInt64Array.of(BigInt(RATE)) };
    const batch = { inputs: { input: { dims: [count, WINDOW + CONTEXT], data }, state, sr } };
    heard.push(batch);
    const { outputs } = await session.run(batch);
    decisions.push(...outputs.output.data);
    state = { dims: outputs.stateN.dims, data: Float32Array.from(outputs.stateN.data) };
  }
  await session.release();
  return decisions;
}

it('Silero VAD, calibrated on something like speech: smaller than by clustering, and closer to the original', async () => {
  const bytes = readBytes(packageModels().find((path) => path.includes('v5')) ?? '');
  const model = openOnnx(bytes);
  const voices = Array.from({ length: VOICES * 2 }, (_, i) => voice(i));
  const heard: Batch[] = [];
  await listen(bytes, voices.slice(0, VOICES), heard);
  const dataset: Dataset = async function* () {
    for (let i = 0; i < heard.length; i += 2) yield heard[i];
  };
  const others = voices.slice(VOICES);
  const original = await listen(bytes, others);
  const share = original.filter((value) => value > 0.5).length / original.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.95);

  const judge = async (changed: Model) => {
    const decisions = await listen(concat([...writeOnnx(changed)].map((piece) => piece.bytes.slice())), others);
    const error = decisions.reduce((sum, value, i) => sum + Math.abs(value - original[i]), 0) / original.length;
    return { size: concat(await writeContainer(changed, {})).length, error };
  };
  const runtime = await loadRuntime();
  const feeder = { runtime, threads: 2, signal: undefined, batches: () => dataset() };
  const { layers, skipped } = findLayers(await inlineBranches(graphOf(model), feeder), model.tensors, {
    isWanted: ({ role }) => role === 'weight',
  });
  // One branch is for 8 kHz.
  expect(layers.filter(({ node }) => node.opType === 'LSTM')).toHaveLength(2);
  expect(new Set(skipped.map(({ reason }) => reason))).toEqual(new Set(['in a branch that no input took']));

  const calibrated = await judge(await calibrate({ dataset, samples: 1000, lambda: 1e-8, threads: 2 }).run(model, {}));
  const include = layers.map(({ tensor }) => tensor.name);
  const clustered = await judge(await cluster({ snr: 25, include }).run(model, {}));
  expect(calibrated.size).toBeLessThanOrEqual(clustered.size);
  expect(calibrated.error).toBeLessThan(clustered.error);
});

it('Silero VAD in 4 bits by channel: compensated, it hears what the original hears more nearly than rounded to the nearest', async () => {
  const bytes = readBytes(packageModels().find((path) => path.includes('v5')) ?? '');
  const model = openOnnx(bytes);
  const [voices, others] = [
    [0, 1, 2, 3],
    [8, 9],
  ].map((seeds) => seeds.map(voice));
  const heard: Batch[] = [];
  await listen(bytes, voices, heard);
  const dataset: Dataset = async function* () {
    for (let i = 0; i < heard.length; i += 4) yield heard[i];
  };
  const original = await listen(bytes, others);
  const errorOf = async (changed: Model) => {
    const decisions = await listen(concat([...writeOnnx(changed)].map((piece) => piece.bytes.slice())), others);
    return decisions.reduce((sum, value, i) => sum + Math.abs(value - original[i]), 0) / original.length;
  };
  const format = { weights: 'int4', by: 'channel' } as const;
  const nearest = await errorOf(await quantize(format).run(model, {}));
  const options = { ...format, dataset, samples: 160, threads: 1 };
  const compensated = await errorOf(await calibratedQuantize(options).run(model, {}));
  expect(compensated).toBeLessThan(0.5 * nearest);
});
