import { isFloat } from '../data/cast.js';
import { agreementMeter, decidedIn } from '../evaluate/agreement.js';
import { cutParts, type Parts } from '../evaluate/boxes.js';
import { divergenceMeter, similarityMeter } from '../evaluate/fidelity.js';
import { type GaugeOptions, lossGauge } from '../evaluate/gauge.js';
import type { Measured } from '../evaluate/loss.js';
import { type Kind, kindOfOutput, type Outputs } from '../evaluate/metric.js';
import { accuracyMeter, type MetricArray } from '../evaluate/metrics.js';
import type { BatchRun } from '../runtime/batches.js';
import type { Fidelity } from './options.js';

/** One batch as the original sees it. */
export type Seen = BatchRun<Outputs>;

export interface FidelityMeter {
  add(outputs: Outputs, seen: Seen): Promise<void>;
  /** With how losses were measured. */
  result(): Fidelity & { readonly measured: Measured | undefined };
}

/** What is looked at. */
export interface Looked extends GaugeOptions {
  /** Of the divergence; default 1. */
  readonly temperature?: number | undefined;
  /** Whether what is lost is measured, too, which takes memory for each input. */
  readonly hasLoss?: boolean | undefined;
}

/** What the output that decides holds is found out from the first batch. */
export function fidelityMeter({ output, heads, metric, temperature, hasLoss = false }: Looked): FidelityMeter {
  const accuracy = accuracyMeter();
  const agreement = agreementMeter();
  const gauge = hasLoss ? lossGauge({ output, heads, metric }) : undefined;
  const similarities = new Map<string, ReturnType<typeof similarityMeter>>();
  let kind: Kind | undefined;
  let divergence: ReturnType<typeof divergenceMeter> | undefined;
  let shapeMismatches = 0;
  // Of boxes and scores in one output each counts by its own energy.
  const parts: ReturnType<typeof similarityMeter>[] = [];
  const addParts = (array: MetricArray, reference: MetricArray, cut: Parts) => {
    const theirs = cutParts(reference, cut);
    for (const [i, part] of cutParts(array, cut).entries()) {
      parts[i] ??= similarityMeter();
      parts[i].add(part, theirs[i]);
    }
  };
  return {
    async add(outputs, seen) {
      const { batch, samples, outputs: references, labels } = seen;
      const judged = outputs[output];
      const reference = references[output];
      if (reference) kind ??= kindOfOutput(reference, batch, samples, { name: output, outputs: references });
      if (judged && labels) accuracy.add(judged, labels);
      if (judged && reference && kind?.metric === 'agreement') {
        const { scale, axis } = kind;
        const decided = decidedIn(kind, reference, batch, samples);
        agreement.add(judged, reference, samples, decided);
        divergence ??= divergenceMeter(scale, { axis, temperature });
        if (isFloat(judged.type)) divergence.add(judged, reference, samples, decided.isReal);
      }
      await gauge?.add(seen, outputs);
      for (const [name, array] of Object.entries(outputs)) {
        if (!isFloat(array.type) || !references[name]) continue;
        const similarity = similarities.get(name) ?? similarityMeter();
        similarities.set(name, similarity);
        if (!similarity.add(array, references[name])) shapeMismatches++;
        else if (name === output && kind?.parts) addParts(array, references[name], kind.parts);
      }
    },
    result() {
      const figures = [...similarities].map(([name, similarity]) => ({ name, ...similarity.result() }));
      const compared = figures.filter(({ snr }) => snr !== null);
      const kl = divergence?.result() ?? null;
      const gauged = gauge?.result();
      const agreed = agreement.result();
      const noises = compared.map(({ name, noise }) =>
        name === output && parts.length > 0 ? meanOf(parts.map((part) => part.result().noise)) : noise,
      );
      const noise = meanOf(noises);
      // Where no shape was ever the same, nothing tells how far off it is: farther than all that can be compared.
      const unlike = agreed === null ? (shapeMismatches > 0 ? Number.POSITIVE_INFINITY : 0) : 1 - agreed;
      return {
        divergence: kl ?? (compared.length > 0 ? noise : unlike),
        ...accuracy.result(),
        agreement: agreed,
        loss: gauged?.loss ?? null,
        kl,
        outputs: figures.map(({ name, cosine, snr }) => ({ name, cosine, snr })),
        shapeMismatches,
        measured: gauged?.measured,
      };
    },
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
