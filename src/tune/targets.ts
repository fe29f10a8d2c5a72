import type { Batch } from '../data/dataset.js';
import { checkLabels } from '../data/labels.js';
import { FxqError } from '../errors.js';
import type { LossName } from '../gradient/losses.js';
import type { Runner } from '../runtime/batches.js';
import type { OutputArray } from '../runtime/session.js';
import type { Outputs } from './engine.js';

/** What the outputs should be for a batch. */
export type Targets = (batch: Batch) => Promise<Outputs>;

/** Targets from labels: all of a sample's probability on its class. */
export function labelTargets(classes: number): Targets {
  return async ({ labels }) => {
    if (!labels)
      throw new FxqError('DATASET', 'training data: expected labels, got none; give the original as teacher');
    checkLabels(labels, { classes, where: 'training data' });
    const data = new Float32Array(labels.length * classes);
    for (let i = 0; i < labels.length; i++) {
      data[i * classes + labels[i]] = 1;
    }
    return [{ type: 'float32', dims: [labels.length, classes], data }];
  };
}

/** Targets from another model. */
export function teacherTargets(teacher: Runner<Outputs>): Targets {
  return async (batch) => (await teacher.run(batch)).outputs;
}

/** The loss of outputs that have been computed, as the graph computes it. */
export function lossOf(outputs: Outputs, targets: Outputs, loss: LossName, temperature: number): number {
  const each = outputs.map((output, i) => {
    if (loss === 'mean-squared-error') return meanSquaredError(output, targets[i]);
    const wanted = loss === 'distillation' ? softmax(targets[i], temperature) : targets[i].data;
    return divergence(output, wanted, loss === 'distillation' ? temperature : 1);
  });
  return each.reduce((a, b) => a + b, 0);
}

function meanSquaredError({ data }: OutputArray, target: OutputArray): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] - target.data[i]) ** 2;
  return sum / data.length;
}

/** What softmax(outputs) is away from the probabilities wanted: for a single class, the cross-entropy. */
function divergence({ dims, data }: OutputArray, wanted: ArrayLike<number>, temperature: number): number {
  const classes = dims.at(-1) ?? 1;
  let loss = 0;
  for (let at = 0; at < data.length; at += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = at; i < at + classes; i++) largest = Math.max(largest, data[i]);
    let sum = 0;
    for (let i = at; i < at + classes; i++) sum += Math.exp((data[i] - largest) / temperature);
    for (let i = at; i < at + classes; i++) {
      const own = (data[i] - largest) / temperature - Math.log(sum);
      if (wanted[i] > 0) loss += wanted[i] * (Math.log(wanted[i]) - own);
    }
  }
  return (loss * temperature ** 2) / (data.length / classes);
}

function softmax({ dims, data }: OutputArray, temperature: number): Float32Array {
  const classes = dims.at(-1) ?? 1;
  const shares = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = at; i < at + classes; i++) largest = Math.max(largest, data[i]);
    let sum = 0;
    for (let i = at; i < at + classes; i++) {
      shares[i] = Math.exp((data[i] - largest) / temperature);
      sum += shares[i];
    }
    for (let i = at; i < at + classes; i++) shares[i] /= sum;
  }
  return shares;
}
