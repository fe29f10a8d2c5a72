import { FxqError, throwIfAborted } from '../errors.js';
import type { Batch } from '../evaluate/dataset.js';
import { argmax } from '../evaluate/metrics.js';
import type { OutputArray } from '../evaluate/session.js';
import { createRandom } from '../stages/kmeans/random.js';
import { type Augmentation, augment } from './augment.js';
import type { Engine } from './engine.js';
import { clip, cosine, type Optimiser } from './optimiser.js';
import type { Epoch } from './options.js';
import type { Parameter } from './parameter.js';
import { LOOK_STEPS, type Pruner } from './pruning.js';
import type { Samples } from './samples.js';

/** Everything that a training consists of, ready to go. */
export interface Training {
  readonly engine: Engine;
  readonly parameters: readonly Parameter[];
  readonly optimiser: Optimiser;
  readonly pruner: Pruner | undefined;
  readonly samples: Samples;
  /** Places of the samples to train on, and of those to judge by. */
  readonly trained: Uint32Array;
  readonly heldOut: Uint32Array;
  /** What the output should be for a batch: a distribution over the classes for each sample. */
  targetsOf(batch: Batch): Promise<OutputArray>;
  readonly settings: Settings;
}

/** Options with their defaults filled in. */
export interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly clip: number;
  readonly seed: number;
  readonly pruneShare: number;
  readonly augmentation: Augmentation;
}

/** What is kept of the best epoch, and what training goes on from. */
export interface Progress {
  /** Epochs done. */
  epoch: number;
  best:
    | { readonly epoch: number; readonly accuracy: number; readonly loss: number; readonly values: Float32Array[] }
    | undefined;
}

/**
 * Trains from where `progress` stands to the last epoch, and keeps the best epoch in it.
 *
 * @param onStep - called with the share of all epochs that is done
 */
export async function train(
  training: Training,
  progress: Progress,
  signal: AbortSignal | undefined,
  onStep: (share: number) => void,
  onEpoch: (epoch: Epoch) => Promise<void>,
): Promise<void> {
  const { parameters, settings, trained } = training;
  const { epochs, batchSize } = settings;
  const steps = Math.max(1, Math.floor(trained.length / batchSize));
  while (progress.epoch < epochs) {
    const start = performance.now();
    const loss = await trainEpoch(training, progress.epoch, steps, signal, onStep);
    const { accuracy, loss: heldOutLoss } = await judge(training, signal);
    progress.epoch++;
    // Before the density is reached, a better epoch is only a denser one.
    const isDone = !training.pruner || progress.epoch / epochs >= settings.pruneShare;
    const { best } = progress;
    const isBest =
      isDone && (!best || accuracy > best.accuracy || (accuracy === best.accuracy && heldOutLoss < best.loss));
    if (isBest) {
      const values = parameters.map((parameter) => parameter.values.slice());
      progress.best = { epoch: progress.epoch, accuracy, loss: heldOutLoss, values };
    }
    const ms = performance.now() - start;
    await onEpoch({
      epoch: progress.epoch,
      epochs,
      loss,
      heldOutLoss,
      accuracy,
      density: densityOf(training),
      isBest,
      ms,
    });
  }
}

async function trainEpoch(
  { engine, parameters, optimiser, pruner, samples, trained, targetsOf, settings }: Training,
  epoch: number,
  steps: number,
  signal: AbortSignal | undefined,
  onStep: (share: number) => void,
): Promise<number> {
  const { epochs, batchSize, learningRate, seed, pruneShare, augmentation } = settings;
  // Each epoch starts its own stream of numbers, so that one can go on from any epoch.
  const random = createRandom(seed * 65_536 + epoch);
  const order = shuffled(trained, random.below);
  const gradients = parameters.map(({ free }) => new Float32Array(free.length));
  const isAugmented = Object.values(augmentation).some((extent) => extent);
  let loss = 0;
  for (let step = 0; step < steps; step++) {
    throwIfAborted(signal);
    const share = (epoch + step / steps) / epochs;
    if (pruner && (step % LOOK_STEPS === 0 || share >= pruneShare)) pruner.prune(share / pruneShare);
    for (const parameter of parameters) parameter.publish();
    const drawn = samples.batch(order.subarray(step * batchSize, (step + 1) * batchSize));
    const batch = isAugmented ? augmented(drawn, (input) => augment(input, augmentation, random)) : drawn;
    const result = await engine.gradients(batch, await targetsOf(batch));
    if (!Number.isFinite(result.loss)) throw diverged(epoch);
    loss += result.loss / steps;
    for (const [i, parameter] of parameters.entries()) parameter.collect(result.gradients[i], gradients[i]);
    clip(gradients, settings.clip);
    optimiser.step(gradients, cosine(learningRate, share));
    onStep(share);
  }
  pruner?.prune((epoch + 1) / epochs / pruneShare);
  for (const parameter of parameters) parameter.publish();
  return loss;
}

/** How well the model does on the samples held out, as its weights are now. */
export async function judge(
  { engine, samples, heldOut, targetsOf, settings }: Training,
  signal: AbortSignal | undefined,
): Promise<{ accuracy: number; loss: number }> {
  const size = Math.max(settings.batchSize, 256);
  let right = 0;
  let loss = 0;
  for (let start = 0; start < heldOut.length; start += size) {
    throwIfAborted(signal);
    const batch = samples.batch(heldOut.subarray(start, start + size));
    const targets = await targetsOf(batch);
    const output = await engine.predict(batch);
    const classes = output.dims.at(-1) as number;
    for (let at = 0, row = 0; at < output.data.length; at += classes, row++) {
      const wanted = batch.labels ? batch.labels[row] : argmax(targets.data, at, classes);
      if (argmax(output.data, at, classes) === wanted) right++;
      loss += crossEntropy(output.data, targets.data, at, classes);
    }
  }
  return { accuracy: right / heldOut.length, loss: loss / heldOut.length };
}

function crossEntropy(logits: ArrayLike<number>, targets: ArrayLike<number>, at: number, classes: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = at; i < at + classes; i++) largest = Math.max(largest, logits[i]);
  let sum = 0;
  for (let i = at; i < at + classes; i++) sum += Math.exp(logits[i] - largest);
  let loss = 0;
  for (let i = at; i < at + classes; i++) loss -= targets[i] * (logits[i] - largest - Math.log(sum));
  return loss;
}

function densityOf({ parameters, pruner }: Training): number {
  const counted = pruner ? pruner.parameters : parameters;
  const alive = counted.reduce((sum, parameter) => sum + parameter.values.reduce((n, v) => n + Number(v !== 0), 0), 0);
  return alive / counted.reduce((sum, { values }) => sum + values.length, 0);
}

function augmented(batch: Batch, change: (input: Batch['inputs'][string]) => Batch['inputs'][string]): Batch {
  const inputs = Object.entries(batch.inputs).map(([name, input]) => [name, change(input)] as const);
  return { ...batch, inputs: Object.fromEntries(inputs) };
}

function shuffled(places: Uint32Array, below: (n: number) => number): Uint32Array {
  const order = places.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function diverged(epoch: number): FxqError {
  const message = `training: expected a finite loss, got none in epoch ${epoch + 1}; give a smaller learning rate`;
  return new FxqError('RUNTIME', message);
}
