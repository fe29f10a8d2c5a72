import type { Loss, LossMeter, Measured, Reference } from './loss.js';
import { lossMeter } from './loss-meter.js';
import { type Kind, kindOfOutput, type MetricName, type Outputs, type OwnMetric, unitOf } from './metric.js';
import { accuracyMeter } from './metrics.js';
import { numberMeter } from './numbers.js';

/** What a gauge is told before it sees anything. */
export interface GaugeOptions {
  /** The output that decides. */
  readonly output: string;
  /** Further outputs that the model answers by: those whose losses are in the same unit are judged, too. Default: none. */
  readonly heads?: readonly string[] | undefined;
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
export function metricFinder({ output, heads = [], metric }: GaugeOptions): {
  /** @returns the ways of measuring that are left */
  add(reference: Reference): readonly Measured[];
  /** What the output holds, once a batch has been seen. */
  kind(): Kind | undefined;
  result(): FoundMetric | undefined;
} {
  const accuracy = accuracyMeter();
  const numbers = numberMeter(output);
  let kind: Kind | undefined;
  let others: Measured[] = [];
  let [samples, isLabelled] = [0, true];
  /** One way, with the heads that are judged in its unit. */
  const together = (way: MetricName | OwnMetric, found: Kind): Measured => {
    if (typeof way === 'function') return { metric: way, kind: found, output };
    const isAlike = (head: Measured) => unitOf(head.metric) === unitOf(way);
    const [alike, unlike] = [others.filter(isAlike), others.filter((head) => !isAlike(head))];
    return {
      ...{ metric: way, kind: found, output },
      ...(alike.length > 0 && { heads: alike }),
      ...(unlike.length > 0 && { leftOut: unlike }),
    };
  };
  return {
    add(reference) {
      const judged = reference.outputs[output];
      if (!judged) return [];
      if (!kind) others = headsIn(reference, heads, metric);
      const found =
        kind ?? kindOfOutput(judged, reference.batch, reference.samples, { name: output, outputs: reference.outputs });
      kind = found;
      numbers.add(judged, reference.batch, samples);
      samples += reference.samples;
      isLabelled &&= reference.labels !== undefined;
      const decides = metric === undefined || metric === 'accuracy';
      if (reference.labels && decides) accuracy.add(judged, reference.labels);
      const ways = metric === undefined ? [...(isLabelled ? ['accuracy' as const] : []), found.metric] : [metric];
      return ways.map((way) => together(way, found));
    },
    kind: () => kind,
    result() {
      if (!kind) return undefined;
      const [{ top1 }, doubt] = [accuracy.result(), accuracy.doubt()];
      const found = isLabelled && top1 !== null && doubt === undefined ? 'accuracy' : kind.metric;
      const measured = together(metric ?? found, kind);
      return { measured, top1, doubt, samples, isUndecided: numbers.isAll(), nan: numbers.doubt() };
    },
  };
}

/** How outputs beside the one that decides are judged: labels are not theirs. Those without a row a sample are left out. */
function headsIn({ outputs, batch, samples }: Reference, names: readonly string[], metric: GaugeOptions['metric']) {
  return names.flatMap((output): Measured[] => {
    const array = outputs[output];
    if (!array || array.dims[0] !== samples) return [];
    const kind = kindOfOutput(array, batch, samples, { name: output, outputs });
    const isNamed = typeof metric === 'string' && metric !== 'accuracy';
    return [{ metric: isNamed ? metric : kind.metric, kind, output }];
  });
}

/** Finds out how to measure, and measures so what another model loses. */
export function lossGauge(options: GaugeOptions): {
  /** As a {@link LossMeter} takes it. */
  add(reference: Reference, outputs: Outputs | undefined, isFitted?: boolean): Promise<void>;
  /** What the output holds, once a batch has been seen. */
  kind(): Kind | undefined;
  result(): Gauged | undefined;
} {
  const finder = metricFinder(options);
  const meters = new Map<MetricName | OwnMetric, LossMeter>();
  return {
    async add(reference, outputs, isFitted) {
      for (const measured of finder.add(reference)) {
        const meter = meters.get(measured.metric) ?? lossMeter(measured);
        meters.set(measured.metric, meter);
        await meter.add(reference, outputs, isFitted);
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
export function describeMetric({ metric, kind, output, heads = [], leftOut = [] }: Measured): string {
  if (typeof metric === 'function') return 'judged by a metric of your own';
  const unit = unitOf(metric) === 'points' ? 'in points' : 'as a share';
  const words = {
    accuracy: 'by accuracy',
    agreement: 'by agreement with the original',
    snr: 'by the energy of what differs',
    cosine: 'by cosine with the original',
  };
  const others = heads.map((head) => `, '${head.output}' ${head.kind.text}`).join('');
  const unlike = leftOut.map((head) => `'${head.output}' ${head.kind.text}`).join(', ');
  const unjudged = unlike && `; in another unit, and not judged: ${unlike} (a metric that is named judges all of them)`;
  return `judged ${words[metric]}, ${unit}: output '${output}' holds ${kind.text}${others}${others && '; the one that loses most counts'}${unjudged}`;
}
