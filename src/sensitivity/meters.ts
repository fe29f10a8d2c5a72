import { isFloat } from '../data/cast.js';
import { divergenceMeter, similarityMeter } from '../evaluate/fidelity.js';
import { accuracyMeter, agreementMeter } from '../evaluate/metrics.js';
import type { BatchRun } from '../runtime/batches.js';
import type { OutputArray } from '../runtime/session.js';
import type { Fidelity } from './options.js';

type Outputs = Readonly<Record<string, OutputArray>>;

/** One batch as the original sees it. */
export type Seen = BatchRun<Outputs>;

export interface FidelityMeter {
  add(outputs: Outputs, seen: Seen): void;
  result(): Fidelity;
}

/** What is looked at. */
export interface Judged {
  /** The output that decides. */
  readonly output: string;
  readonly scores: 'logits' | 'probabilities';
  /** Of the divergence; default 1. */
  readonly temperature?: number | undefined;
}

/** Holds a model's outputs against the original's, over batches. */
export function fidelityMeter({ output, scores, temperature }: Judged): FidelityMeter {
  const accuracy = accuracyMeter();
  const agreement = agreementMeter();
  const divergence = divergenceMeter(scores, temperature);
  const similarities = new Map<string, ReturnType<typeof similarityMeter>>();
  let shapeMismatches = 0;
  return {
    add(outputs, { samples, outputs: references, labels }) {
      const judged = outputs[output];
      const reference = references[output];
      if (judged && labels) accuracy.add(judged, labels);
      if (judged && reference) agreement.add(judged, reference, samples);
      if (judged && reference && isFloat(judged.type)) divergence.add(judged, reference, samples);
      for (const [name, array] of Object.entries(outputs)) {
        if (!isFloat(array.type) || !references[name]) continue;
        const similarity = similarities.get(name) ?? similarityMeter();
        similarities.set(name, similarity);
        if (!similarity.add(array, references[name])) shapeMismatches++;
      }
    },
    result() {
      const figures = [...similarities].map(([name, similarity]) => ({ name, ...similarity.result() }));
      const compared = figures.filter(({ snr }) => snr !== null);
      const kl = divergence.result();
      const agreed = agreement.result();
      const noise = compared.reduce((sum, each) => sum + each.noise, 0) / compared.length;
      // Where no shape was ever the same, nothing tells how far off it is: farther than all that can be compared.
      const unlike = agreed === null ? (shapeMismatches > 0 ? Number.POSITIVE_INFINITY : 0) : 1 - agreed;
      return {
        divergence: kl ?? (compared.length > 0 ? noise : unlike),
        ...accuracy.result(),
        agreement: agreed,
        kl,
        outputs: figures.map(({ name, cosine, snr }) => ({ name, cosine, snr })),
        shapeMismatches,
      };
    },
  };
}
