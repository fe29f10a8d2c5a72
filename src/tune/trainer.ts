import type { Batch } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { type Interval, shareInterval } from '../evaluate/interval.js';
import { createRandom, type Random } from '../random.js';
import { augment } from './augment.js';
import type { Best, State } from './checkpoint.js';
import type { TrainingData } from './drawn.js';
import { type HeldOut, type Judging, judgeHeldOut } from './held-out.js';
import type { Fixer } from './incremental.js';
import { clip, cosine, type Optimiser } from './optimiser.js';
import type { Epoch } from './options.js';
import type { Parameter } from './parameter.js';
import { LOOK_STEPS, type Pruner } from './pruning.js';

/** Everything that a training consists of, ready to go. */
export interface Training extends Judging {
  readonly parameters: readonly Parameter[];
  readonly optimiser: Optimiser;
  readonly pruner: Pruner | undefined;
  readonly fixer: Fixer | undefined;
  readonly data: TrainingData;
}

/** What a training heeds, and whom it calls. */
export interface TrainOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of all epochs that is done. */
  readonly onStep?: ((share: number) => void) | undefined;
  readonly onEpoch: (epoch: Epoch) => Promise<void>;
}

const NONE = new Float32Array();

/** Trains from where `state` stands to the last epoch, and keeps the best epoch in it. */
export async function train(
  training: Training,
  state: State,
  { signal, onStep, onEpoch }: TrainOptions,
): Promise<void> {
  const { parameters, settings } = training;
  const { epochs } = settings;
  while (state.epoch < epochs) {
    const start = performance.now();
    const loss = await trainEpoch(training, state.epoch, { signal, onStep });
    const found = await judgeHeldOut(training, signal);
    const { accuracy, loss: heldOutLoss, judgement } = found;
    if (!Number.isFinite(heldOutLoss)) throw diverged(state.epoch);
    state.epoch++;
    const share = state.epoch / epochs;
    // Before the density is reached, a better epoch is only a denser one; before all is rounded, one of floats.
    const isDone =
      (!training.pruner || share >= settings.pruneShare) && (!training.fixer || training.fixer.isDone(share));
    const { best } = state;
    const isBest = isDone && (!best || isBetter(found, best, training));
    if (isBest) {
      const values = parameters.map(({ values, written = values }) => written.slice());
      state.best = { ...found, epoch: state.epoch, values };
    }
    const ms = performance.now() - start;
    await onEpoch({
      epoch: state.epoch,
      epochs,
      loss,
      heldOutLoss,
      accuracy,
      accuracyInterval: accuracy === null ? null : endsOf(shareInterval(accuracy, training.heldOut.length)),
      judgement,
      density: densityOf(training),
      isBest,
      ms,
    });
  }
}

async function trainEpoch(
  { engine, parameters, optimiser, pruner, fixer, data, targetsOf, settings }: Training,
  epoch: number,
  { signal, onStep }: Omit<TrainOptions, 'onEpoch'>,
): Promise<number> {
  const { epochs, batchSize, learningRate, seed, pruneShare, roundAfter, augmentation } = settings;
  // Each epoch starts its own stream of numbers, so that one can go on from any epoch.
  const random = createRandom(seed * 65_536 + epoch);
  const steps = data.steps(batchSize);
  const gradients = parameters.map(({ free }) => new Float32Array(free.length));
  const ofScales = parameters.map(({ scales = NONE }) => new Float32Array(scales.length));
  const all = [...gradients, ...ofScales];
  const isAugmented = Object.values(augmentation).some((extent) => extent);
  let loss = 0;
  let step = 0;
  pruner?.begin();
  for await (const drawn of batchesOf(data, batchSize, random)) {
    throwIfAborted(signal);
    const share = (epoch + Math.min(step, steps) / steps) / epochs;
    if (pruner && (step % LOOK_STEPS === 0 || share >= pruneShare)) pruner.prune(share / pruneShare);
    fixer?.fix(share);
    for (const parameter of parameters) parameter.publish({ step, random, areFloats: share < roundAfter });
    const batch = isAugmented ? augmented(drawn, (input) => augment(input, augmentation, random)) : drawn;
    const result = await engine.gradients(batch, await targetsOf(batch), share);
    loss += result.loss;
    addTwins(parameters, result.gradients);
    pruner?.observe(result.gradients);
    for (const [i, parameter] of parameters.entries()) {
      parameter.collect(result.gradients[i], gradients[i], ofScales[i]);
    }
    const length = clip(all, settings.clip);
    if (!Number.isFinite(result.loss + length)) throw diverged(epoch);
    optimiser.step(all, cosine(learningRate, share));
    onStep?.(share);
    step++;
  }
  pruner?.prune((epoch + 1) / epochs / pruneShare);
  fixer?.fix((epoch + 1) / epochs);
  for (const parameter of parameters) parameter.publish();
  return loss / step;
}

async function* batchesOf(data: TrainingData, size: number, random: Random): AsyncIterable<Batch> {
  for await (const { samples, order } of data.parts(random)) {
    for (const places of samples.divide(order, size, true)) yield samples.batch(places);
  }
}

/** Of weights that are read in several places, the gradient is the sum of all of them. */
function addTwins(parameters: readonly Parameter[], gradients: readonly Float32Array[]): void {
  for (const [i, { twinOf }] of parameters.entries()) {
    if (!twinOf) continue;
    const sum = gradients[parameters.indexOf(twinOf)];
    for (let at = 0; at < sum.length; at++) sum[at] += gradients[i][at];
  }
}

function endsOf({ low, high }: Interval): readonly [number, number] {
  return [low, high];
}

/** Labels are right or wrong; how near a teacher is, the loss tells more finely than its decisions; what is asked for by name counts. */
function isBetter(one: HeldOut, other: Best, { settings, judge }: Training): boolean {
  if (judge.metric !== undefined && one.judgement && other.judgement) {
    const lost = one.judgement.value - other.judgement.value;
    if (lost !== 0) return lost < 0;
  }
  const gain = settings.loss === 'cross-entropy' ? (one.accuracy ?? 0) - (other.accuracy ?? 0) : 0;
  return gain > 0 || (gain === 0 && one.loss < other.loss);
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

function diverged(epoch: number): FxqError {
  const message = `training: expected a finite loss, got none in epoch ${epoch + 1}; give a smaller learning rate`;
  return new FxqError('RUNTIME', message);
}
