import { checkPositive } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { describeMetric } from '../evaluate/gauge.js';
import { accuracyMeter } from '../evaluate/metrics.js';
import { present } from '../guards.js';
import { formatFinder } from '../inspect/recorded.js';
import { expectModel } from '../model/expect-model.js';
import type { Model } from '../model/model.js';
import { runBatches } from '../runtime/batches.js';
import { EXTENDED } from '../runtime/level.js';
import { decidingOutput, describeLeftOut, otherHeads } from '../runtime/outputs.js';
import { loadRuntime } from '../runtime/runtime.js';
import { openSession } from '../runtime/session.js';
import { switchInputs } from './inputs.js';
import { findPairs, type Switch } from './layers.js';
import { type FidelityMeter, fidelityMeter, type Looked, type Seen } from './meters.js';
import type { CumulativeStep, InputSensitivity, LayerSensitivity, Sensitivity, SensitivityOptions } from './options.js';
import { openSwitchboard, type Switchboard } from './switchboard.js';

/**
 * Measures what the compression of each layer does to a model's outputs: once with that layer alone compressed, and once
 * adding the layers up, from the smallest divergence to the largest, so that the curve shows where it bends. A layer is a tensor
 * that differs between the two models; they are matched by their names. With `inputs`, values that layers take in are looked at, too: each
 * rounded to that format alone, and in the sum with the weights; to look at them only, give the original twice.
 *
 * All runs go through one session, to which the layers' weights are fed (those in functions, which cannot be, take further ones). A batch is read once and goes through all layers
 * before the next, so memory holds the model, both states of its layers, and one batch.
 *
 * @param original - the model before compression
 * @param compressed - the same model after it
 * @throws FxqError `MISMATCH` when the models are not versions of one model, `DATASET` when data and model do not fit,
 *   `RUNTIME` when ONNX Runtime fails, `MISSING_PACKAGE`, `ABORTED`
 * @example
 * const original = openOnnx(await readFile('model.onnx'));
 * const compressed = openOnnx(await decode(await readFile('model.fxq')));
 * const dataset = npzDataset(await readFile('data.npz'));
 * const { layers } = await sensitivity(original, compressed, { dataset, limit: 1000 });
 * for (const { name, kl, agreement } of layers) console.log(name, kl, agreement);
 */
export async function sensitivity(
  original: Model,
  compressed: Model,
  options: SensitivityOptions,
): Promise<Sensitivity> {
  for (const model of [original, compressed]) expectModel('sensitivity', model);
  checkPositive('limit', options.limit);
  checkPositive('batchSize', options.batchSize);
  checkPositive('threads', options.threads);
  const { threads, signal } = options;
  throwIfAborted(signal);
  const runtime = options.runtime ?? (await loadRuntime());
  const { pairs: layers, skipped } = findPairs(original, compressed);
  const inputs = options.inputs === undefined ? undefined : await switchInputs(original, options);
  const subject = inputs?.model ?? original;
  const byName = new Map(subject.tensors.map((tensor) => [tensor.name, tensor]));
  const pairs = layers.map(({ tensor, compressed }) => ({ tensor: present(byName.get(tensor.name)), compressed }));
  const { name } = original.files[0];
  const formatOf = formatFinder(compressed);
  const level = inputs ? EXTENDED : {};
  const switchboard = openSwitchboard(subject, [...pairs, ...(inputs?.pairs ?? [])], (bytes, held) =>
    openSession(runtime, bytes, { threads, held, name, ...level }),
  );
  try {
    const session = await switchboard.session();
    const output = decidingOutput(session, options.output);
    const leftOut = describeLeftOut(session, output);
    if (leftOut !== undefined) options.onNote?.(leftOut);
    const heads = otherHeads(session, output, options.output);
    const judged: Looked = { output, heads, metric: options.metric, hasLoss: true };
    const single = await measureLayers(switchboard, judged, options);
    const inputOf = ({ tensor }: Switch) => inputs?.figures.get(tensor.name);
    // The smallest divergence first; of equals the first in the model.
    const order = [...single.meters]
      .map((meter, i) => {
        const { measured, ...fidelity } = meter.result();
        return { layer: switchboard.switches[i], fidelity, measured };
      })
      .sort((a, b) => a.fidelity.divergence - b.fidelity.divergence || 0);
    const cumulative = await measureSums(
      switchboard,
      order.map(({ layer }) => layer),
      judged,
      options,
    );
    return {
      samples: single.samples,
      output,
      judged: order[0]?.measured ? describeMetric(order[0].measured) : null,
      original: single.accuracy,
      layers: order
        .filter(({ layer }) => !inputOf(layer))
        .map(({ layer, fidelity }): LayerSensitivity => {
          const { name, role, op, count } = layer.tensor;
          return { name, role, op, weights: count, format: formatOf(name) ?? null, ...layer.figures, ...fidelity };
        })
        .reverse(),
      inputs: order
        .flatMap(({ layer, fidelity }): InputSensitivity[] => {
          const figures = inputOf(layer);
          return figures ? [{ ...figures, ...fidelity }] : [];
        })
        .reverse(),
      cumulative: order.map(({ layer }, i): CumulativeStep => {
        const { measured: _, ...fidelity } = cumulative[i].result();
        const input = inputOf(layer);
        const kind = input ? 'input' : 'weights';
        return { name: input?.name ?? layer.tensor.name, kind, layers: i + 1, ...fidelity };
      }),
      skipped: [...skipped, ...switchboard.unread.map(({ name }) => ({ name, reason: 'no output depends on it' }))],
    };
  } finally {
    await switchboard.release();
  }
}

/** The first pass: each layer alone. */
async function measureLayers(switchboard: Switchboard, judged: Looked, options: SensitivityOptions) {
  const { switches } = switchboard;
  const meters = switches.map(() => fidelityMeter(judged));
  const accuracy = accuracyMeter();
  let samples = 0;
  for await (const seen of batches(switchboard, options)) {
    samples += seen.samples;
    if (seen.labels && seen.outputs[judged.output]) accuracy.add(seen.outputs[judged.output], seen.labels);
    for (const [i, layer] of switches.entries()) {
      layer.flip();
      await measure(switchboard, seen, meters[i], options);
      layer.flip();
    }
    options.onProgress?.({ pass: 1, samples });
  }
  if (samples === 0) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
  const doubt = accuracy.doubt();
  if (doubt !== undefined) options.onNote?.(doubt);
  return { samples, meters, accuracy: accuracy.result() };
}

/** The second pass: one layer after the other, on the same samples. */
async function measureSums(
  switchboard: Switchboard,
  order: readonly Switch[],
  judged: Looked,
  options: SensitivityOptions,
): Promise<FidelityMeter[]> {
  const meters = order.map(() => fidelityMeter(judged));
  let samples = 0;
  if (order.length === 0) return meters;
  for await (const seen of batches(switchboard, options)) {
    samples += seen.samples;
    for (const [i, layer] of order.entries()) {
      layer.flip();
      await measure(switchboard, seen, meters[i], options);
    }
    for (const layer of order) layer.flip();
    options.onProgress?.({ pass: 2, samples });
  }
  return meters;
}

/** What the original makes of the batches of the data set; each is to be left with all layers as they were. */
async function* batches(
  switchboard: Switchboard,
  { dataset, limit, batchSize, signal }: SensitivityOptions,
): AsyncGenerator<Seen> {
  yield* runBatches(await switchboard.session(), { batches: () => dataset({ limit, batchSize }), limit, signal });
}

/** Runs the model as its layers stand now. */
async function measure(switchboard: Switchboard, seen: Seen, meter: FidelityMeter, options: SensitivityOptions) {
  throwIfAborted(options.signal);
  const session = await switchboard.session();
  await meter.add((await session.run(seen.batch, seen.samples)).outputs, seen);
}
