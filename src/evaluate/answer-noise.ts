import { decibels } from './fidelity.js';
import { type MetricArray, rowsOf } from './metrics.js';

/** Probabilities below this decide nothing: their logarithms say how the tail is rounded. */
const LEAST = 1e-4;

/** What an output's numbers are. */
export type AnswerScale = 'plain' | 'probabilities';

/**
 * How clearly answers stand out of what compression adds to them: energy of the reference's scores about the mean of their row over
 * that of the difference about its own, in decibels. What is added to a whole row changes no decision, and counts for nothing;
 * probabilities count by their logarithms, a single one by its log-odds. Rows of one score have the mean of all of them.
 *
 * @example
 * const noise = answerNoiseMeter('plain');
 * noise.add(output, reference, 64); // of a batch of 64 samples
 * noise.result(); // 33.4
 */
export function answerNoiseMeter(scale: AnswerScale): {
  add(output: MetricArray, reference: MetricArray, samples: number): void;
  /** `null` where there was nothing to compare; not a number where answers are not. */
  result(): number | null;
} {
  let [signal, noise, count, sum] = [0, 0, 0, 0];
  return {
    add(output, reference, samples) {
      if (`${output.dims}` !== `${reference.dims}`) {
        noise = Number.POSITIVE_INFINITY;
        return;
      }
      const { rows, classes } = rowsOf(reference, samples);
      const of = scale === 'plain' ? (value: number) => value : classes === 1 ? logOdds : logarithm;
      for (let row = 0; row < rows; row++) {
        let [mean, shift] = [0, 0];
        for (let i = row * classes; i < (row + 1) * classes; i++) {
          mean += of(reference.data[i]);
          shift += of(output.data[i]) - of(reference.data[i]);
        }
        [mean, shift] = classes === 1 ? [0, 0] : [mean / classes, shift / classes];
        for (let i = row * classes; i < (row + 1) * classes; i++) {
          const wanted = of(reference.data[i]);
          signal += (wanted - mean) ** 2;
          noise += (of(output.data[i]) - wanted - shift) ** 2;
          if (classes === 1) sum += wanted;
        }
        count++;
      }
    },
    result: () => (count === 0 ? null : decibels(signal - (sum * sum) / count, noise)),
  };
}

function logarithm(probability: number): number {
  return Math.log(Math.max(LEAST, probability));
}

function logOdds(probability: number): number {
  const inside = Math.min(1 - LEAST, Math.max(LEAST, probability));
  return Math.log(inside / (1 - inside));
}
