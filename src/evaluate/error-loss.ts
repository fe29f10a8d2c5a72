import type { Batch } from '../data/dataset.js';
import { FxqError } from '../errors.js';
import { cutParts } from './boxes.js';
import { meanInterval, ratioInterval } from './interval.js';
import type { LossMeter, Measured, Reference } from './loss.js';
import { type Outputs, type OwnMetric, unitOf } from './metric.js';
import type { MetricArray } from './metrics.js';
import { realRows } from './padding.js';

/** What differs, and what there is, of each input. */
interface Energies {
  readonly noise: number[];
  readonly signal: number[];
}

/**
 * The loss of a model that decides on nothing: how far its output is off, by the energy of the output or by their cosine. Of parts
 * that are measured apart, the one that may have lost most counts: pixels would drown scores.
 */
export function errorMeter({ output, kind }: Measured, metric: 'snr' | 'cosine'): LossMeter {
  const parts = (kind.parts?.ends ?? [1]).map((): Energies => ({ noise: [], signal: [] }));
  let isBroken = false;
  return {
    add({ batch, samples, outputs }, own, isFitted) {
      const reference = outputs[output];
      const judged = own?.[output];
      if (!reference || !own || isFitted) return;
      if (!judged || `${judged.dims}` !== `${reference.dims}`) isBroken = true;
      if (!judged || isBroken) return;
      const [ours, theirs] = [judged, reference].map((array) => cutParts(array, kind.parts));
      for (const [part, energies] of parts.entries()) {
        if (!addEnergies(energies, ours[part], theirs[part], { batch, samples, metric })) isBroken = true;
      }
    },
    result() {
      const all = { value: Number.POSITIVE_INFINITY, low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY };
      const samples = parts[0].noise.length;
      if (samples === 0 && !isBroken) return undefined;
      const found = isBroken
        ? all
        : parts
            .map(({ noise, signal }) => ratioInterval(noise, signal))
            .reduce((worst, each) => (each.high > worst.high ? each : worst));
      return { ...found, metric, unit: unitOf(metric), by: 'count', samples };
    },
  };
}

/** Adds what differs in each sample; false where that is no number. */
function addEnergies(
  { noise, signal }: Energies,
  judged: MetricArray,
  reference: MetricArray,
  { batch, samples, metric }: { readonly batch: Batch; readonly samples: number; readonly metric: 'snr' | 'cosine' },
): boolean {
  const size = reference.data.length / samples;
  const width = reference.dims.at(-1) ?? 1;
  const isReal = realRows(batch, reference.dims, reference.data.length / width);
  let isWhole = true;
  for (let sample = 0; sample < samples; sample++) {
    let [product, ours, theirs, squares] = [0, 0, 0, 0];
    for (let i = Math.floor(sample * size); i < Math.floor((sample + 1) * size); i++) {
      const [a, b] = [judged.data[i], reference.data[i]];
      // Neither where both are no numbers nor where both are the same infinity anything is off.
      if (!isReal(Math.floor(i / width)) || (Object.is(a, b) && !Number.isFinite(a))) continue;
      product += a * b;
      ours += a * a;
      theirs += b * b;
      squares += (a - b) ** 2;
    }
    if (!Number.isFinite(squares)) isWhole = false;
    const length = Math.sqrt(ours) * Math.sqrt(theirs);
    const unlike = squares === 0 ? 0 : Math.max(0, 1 - (length > 0 ? product / length : 0));
    noise.push(metric === 'snr' ? squares : unlike);
    signal.push(metric === 'snr' ? theirs : 1);
  }
  return isWhole;
}

/**
 * What a metric of one's own gives for each input of a batch.
 *
 * @throws FxqError `DATASET` where it gives anything but a number an input
 */
export async function scoresBy(
  metric: OwnMetric,
  own: Outputs,
  { samples, labels, outputs }: Reference,
): Promise<readonly number[]> {
  const values = await metric(own, outputs, labels);
  const scores = Array.from(values ?? [], Number);
  if (scores.length === samples && scores.every(Number.isFinite)) return scores;
  const whose = own === outputs ? 'the original' : 'the model';
  const odd = scores.length === samples ? ', not all of them finite' : '';
  const message = `metric: expected a number for each of ${samples} inputs, got ${values?.length ?? values} for ${whose}${odd}`;
  throw new FxqError('DATASET', message, { expected: samples, actual: values?.length });
}

/**
 * The loss by a metric of one's own.
 *
 * @throws FxqError `DATASET` where it gives anything but a number an input
 */
export function ownMeter(metric: OwnMetric): LossMeter {
  const losses: number[] = [];
  return {
    async add(reference, own, isFitted) {
      if (!own || isFitted) return;
      const before = await scoresBy(metric, reference.outputs, reference);
      const after = await scoresBy(metric, own, reference);
      for (let i = 0; i < before.length; i++) losses.push(before[i] - after[i]);
    },
    result() {
      if (losses.length === 0) return undefined;
      return { ...meanInterval(losses), metric: 'own', unit: 'own', by: 'count', samples: losses.length };
    },
  };
}
