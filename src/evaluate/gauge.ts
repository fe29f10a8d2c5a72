import type { Loss, LossMeter, Measured, Reference } from './loss.js';
import { lossMeter } from './loss-meter.js';
import { type Kind, kindOfOutput, type MetricName, type Outputs, type OwnMetric, unitOf } from './metric.js';
import { accuracyMeter } from './metrics.js';
import { numberMeter } from './numbers.js';

/** What a gauge is told before it sees anything. */
export interface GaugeOptions {
  /** The output that decides. */
  readonly output: string;
  /** How good is measured. Default: as labels and outputs suggest. */
  readonly metric?: MetricName | OwnMetric | undefined;
}

/** How to measure, and what speaks against it. */
export interface FoundMetric {
  readonly measured: Measured;
  /** The original's accuracy, where there are labels for it; not by what speaks against them. */
  readonly top1: number | null;
  /** What speaks against the labels, in words. */
  readonly doubt: string | undefined;
  /** Whether the output that decides is NaN in every batch: nothing can be judged by it. */
  readonly isUndecided: boolean;
  readonly nan: string | undefined;
  readonly samples: number;
}

/** What a gauge has found. */
export interface Gauged extends FoundMetric {
  readonly loss: Loss | undefined;
}

/**
 * Finds out from the original's outputs how to measure: by labels where the original is better on them than chance, and
 * otherwise by what its outputs are.
 */
export function metricFinder({ output, metric }: GaugeOptions): {
  /** @returns the ways of measuring that are left */
  add(reference: Reference): readonly Measured[];
  /** What the output holds, once a batch has been seen. */
  kind(): Kind | undefined;
  result(): FoundMetric | undefined;
} {
  const accuracy = accuracyMeter();
  const numbers = numberMeter(output);
  let kind: Kind | undefined;
  let [samples, isLabelled] = [0, true];
  return {
    add(reference) {
      const judged = reference.outputs[output];
      if (!judged) return [];
      const found = kind ?? kindOfOutput(judged, reference.batch, reference.samples);
      kind = found;
      numbers.add(judged, reference.batch, samples);
      samples += reference.samples;
      isLabelled &&= reference.labels !== undefined;
      const decides = metric === undefined || metric === 'accuracy';
      if (reference.labels && decides) accuracy.add(judged, reference.labels);
      const ways = metric === undefined ? [...(isLabelled ? ['accuracy' as const] : []), found.metric] : [metric];
      return ways.map((way) => ({ metric: way, kind: found, output }));
    },
    kind: () => kind,
    result() {
      if (!kind) return undefined;
      const [{ top1 }, doubt] = [accuracy.result(), accuracy.doubt()];
      const found = isLabelled && top1 !== null && doubt === undefined ? 'accuracy' : kind.metric;
      const measured = { metric: metric ?? found, kind, output };
      return { measured, top1, doubt, samples, isUndecided: numbers.isAll(), nan: numbers.doubt() };
    },
  };
}

/** Finds out how to measure, and measures so what another model loses. */
export function lossGauge(options: GaugeOptions): {
  /** @param outputs - the other model's; absent for inputs that it was fitted to */
  add(reference: Reference, outputs: Outputs | undefined): Promise<void>;
  /** What the output holds, once a batch has been seen. */
  kind(): Kind | undefined;
  result(): Gauged | undefined;
} {
  const finder = metricFinder(options);
  const meters = new Map<MetricName | OwnMetric, LossMeter>();
  return {
    async add(reference, outputs) {
      for (const measured of finder.add(reference)) {
        const meter = meters.get(measured.metric) ?? lossMeter(measured);
        meters.set(measured.metric, meter);
        await meter.add(reference, outputs);
      }
    },
    kind: finder.kind,
    result() {
      const found = finder.result();
      return found && { ...found, loss: meters.get(found.measured.metric)?.result() };
    },
  };
}

/** How a loss is measured, in words: `accuracy, of scores of classes`. */
export function describeMetric({ metric, kind, output }: Measured): string {
  if (typeof metric === 'function') return 'judged by a metric of your own';
  const unit = unitOf(metric) === 'points' ? 'in points' : 'as a share';
  const words = {
    accuracy: 'by accuracy',
    agreement: 'by agreement with the original',
    snr: 'by the energy of what differs',
    cosine: 'by cosine with the original',
  };
  return `judged ${words[metric]}, ${unit}: output '${output}' holds ${kind.text}`;
}
