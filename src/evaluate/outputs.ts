import { isFloat } from '../data/cast.js';
import { type Gauged, type GaugeOptions, lossGauge } from './gauge.js';
import type { Loss, Reference } from './loss.js';
import { type Kind, type Outputs, unitOf } from './metric.js';
import { type Comparison, differenceMeter } from './metrics.js';

/** What one of a model's outputs holds, and how far it is off the reference's. */
export interface OutputLoss extends Comparison {
  readonly name: string;
  /** What it holds, in words, as it is judged by. */
  readonly kind: string;
  /** `null` where nothing of it could be compared. */
  readonly loss: Loss | null;
}

/** What all outputs have lost, and each of them. */
export interface OutputsFound {
  /** Of the output that decides. */
  readonly gauged: Gauged | undefined;
  /** Of those whose losses are in its unit the one that may have lost most. */
  readonly loss: Loss | undefined;
  readonly outputs: readonly OutputLoss[];
}

/** Measures what each output of a model has lost, by its own kind; those without a row a sample are left out. */
export function outputMeters({ output, heads = [], metric }: GaugeOptions): {
  add(reference: Reference, outputs: Outputs): Promise<void>;
  /** What the output that decides holds, once a batch has been seen. */
  kind(): Kind | undefined;
  result(): OutputsFound;
} {
  // A function judges all outputs at once, and labels are those of the output that decides.
  const ofHeads = typeof metric === 'string' && metric !== 'accuracy' ? metric : undefined;
  const meters = [output, ...heads].map((name) => {
    const gauge = lossGauge({ output: name, metric: name === output ? metric : ofHeads });
    return { name, gauge, difference: differenceMeter() };
  });
  return {
    async add(reference, outputs) {
      for (const { name, gauge, difference } of meters) {
        const [own, wanted] = [outputs[name], reference.outputs[name]];
        if (name !== output && wanted?.dims[0] !== reference.samples) continue;
        await gauge.add(name === output ? reference : { ...reference, labels: undefined }, outputs);
        if (own && wanted && isFloat(own.type)) difference.add(own, wanted);
      }
    },
    kind: () => meters[0].gauge.kind(),
    result() {
      const found = meters.flatMap(({ name, gauge, difference }) => {
        const gauged = gauge.result();
        return gauged ? [{ name, gauged, difference: difference.result() }] : [];
      });
      const gauged = found.find(({ name }) => name === output)?.gauged;
      const unit = gauged && unitOf(gauged.measured.metric);
      const alike = found.flatMap(({ name, gauged: { loss } }) => (loss && loss.unit === unit ? [{ name, loss }] : []));
      const worst = alike.reduce<(typeof alike)[number] | undefined>(
        (worst, each) => (worst && worst.loss.high >= each.loss.high ? worst : each),
        undefined,
      );
      return {
        gauged,
        loss: worst && (alike.length > 1 ? { ...worst.loss, output: worst.name } : worst.loss),
        outputs: found.map(({ name, gauged, difference }) => ({
          ...{ name, kind: gauged.measured.kind.text, loss: gauged.loss ?? null },
          ...difference,
        })),
      };
    },
  };
}
