import { checkLabels } from '../data/labels.js';
import type { OutputArray } from '../runtime/session.js';
import { decisionIn, type Layout, layoutOf, readScores } from './decisions.js';
import { type Decision, expectedLoss, type Noise, RIVALS } from './flips.js';
import { differenceOf, type Interval, rareInterval } from './interval.js';
import type { LossMeter, Measured } from './loss.js';
import { unitOf } from './metric.js';
import { realRows } from './padding.js';

/** Positions of an input whose scores are looked at: its decisions are counted at all of them. */
const POSITIONS = 48;

/**
 * The loss of a model that decides: decisions lost less those won, as they were counted or as they are to be expected,
 * whichever says more.
 *
 * @throws FxqError `DATASET` where labels are no classes of the model
 */
export function decisionMeter({ output, kind }: Measured, metric: 'accuracy' | 'agreement'): LossMeter {
  const decisions: Decision[] = [];
  const lost: number[] = [];
  const won: number[] = [];
  let [inputs, counted, rows, isBroken, least] = [0, 0, 0, false, 0];
  return {
    add({ batch, samples, labels, outputs }, own, isFitted = false) {
      const reference = outputs[output];
      const judged = own?.[output];
      if (!reference) return;
      const isLabelled = metric === 'accuracy' && labels !== undefined;
      // Nobody agrees more with the original than it does itself; about labels others may be right, and all of them.
      if (isLabelled) least = -100;
      const layout = layoutOf(
        reference,
        samples,
        isLabelled && kind.scale === 'shares' ? 'logits' : kind.scale,
        kind.axis,
      );
      const isReal = realRows(batch, reference.dims, layout.rows);
      const isAlike = judged !== undefined && `${judged.dims}` === `${reference.dims}`;
      if (isLabelled && kind.scale !== 'classes') checkLabels(labels, { classes: layout.classes, before: inputs });
      const each = layout.rows / samples;
      const reader = rowReader(layout);
      for (let sample = 0; sample < samples; sample++) {
        const [from, to] = [Math.floor(sample * each), Math.floor((sample + 1) * each)];
        const real = Array.from({ length: to - from }, (_, i) => from + i).filter(isReal);
        let [losses, wins] = [0, 0];
        for (const row of own && !isFitted ? real : []) {
          const before = decisionIn(reference, layout, row);
          const after = isAlike ? decisionIn(judged, layout, row) : -2;
          if (before < 0 && after === -1) continue;
          if (after < 0) isBroken = true;
          const right = isLabelled ? labels[sample] : before;
          if (before === right && after !== right) losses++;
          if (before !== right && after === right) wins++;
        }
        rows += real.length;
        if (own && !isFitted) {
          counted += real.length;
          lost.push(losses);
          won.push(wins);
        }
        if (layout.classes > 1) {
          const looked = spread(real, POSITIONS);
          for (const row of looked) {
            const found = reader(reference, isAlike ? judged : undefined, row, isLabelled ? labels[sample] : undefined);
            if (found) decisions.push({ ...found, input: inputs, share: real.length / looked.length, isFitted });
          }
        }
        inputs++;
      }
    },
    result() {
      if (lost.length === 0 || counted === 0) return undefined;
      const found = countedLoss(lost, won, counted);
      const expected = isBroken || rows === 0 ? undefined : expectedLoss(decisions, inputs);
      // Counts contradict what was expected: something else than noise is at work.
      const isExpected = expected !== undefined && expected.high < found.high && expected.high >= found.low;
      const { value, low, high } = isExpected ? expected : found;
      return {
        ...{ metric, unit: unitOf(metric), by: isExpected ? 'divergence' : 'count' },
        ...{ value: 100 * value, low: Math.max(least, 100 * low), high: Math.min(100, 100 * high) },
        samples: isExpected ? inputs : lost.length,
      };
    },
  };
}

/** Decisions lost, less those won, of all that were made. */
function countedLoss(lost: readonly number[], won: readonly number[], decisions: number): Interval {
  const each = decisions / lost.length;
  const [losses, wins] = [lost, won].map((counts) => {
    const parts = counts.map((count) => count / each);
    const sum = parts.reduce((total, part) => total + part, 0);
    const squares = parts.reduce((total, part) => total + part ** 2, 0);
    return rareInterval(sum, squares, parts.length);
  });
  // Where nothing was won there was nothing to win: what is right already cannot be made right.
  return differenceOf(losses, wins.value === 0 ? { value: 0, low: 0, high: 0 } : wins);
}

/** Evenly chosen, at most so many. */
function spread(rows: readonly number[], most: number): readonly number[] {
  if (rows.length <= most) return rows;
  return Array.from({ length: most }, (_, i) => rows[Math.floor(((i + 0.5) * rows.length) / most)]);
}

/** Reads how near to turning a decision is, and what has been added to its scores. */
function rowReader(layout: Layout) {
  const { classes } = layout;
  const wanted = new Float64Array(classes);
  const got = new Float64Array(classes);
  return (
    reference: OutputArray,
    judged: OutputArray | undefined,
    row: number,
    label: number | undefined,
  ): Omit<Decision, 'input' | 'share' | 'isFitted'> | undefined => {
    if (!readScores(reference, layout, row, wanted)) return undefined;
    if (judged && !readScores(judged, layout, row, got)) return undefined;
    const [first, second] = topTwo(wanted);
    const right = label ?? first;
    const gaps: number[] = [];
    for (let i = 0; i < classes; i++) if (i !== right) gaps.push(wanted[right] - wanted[i]);
    gaps.sort((a, b) => a - b);
    return {
      isRight: right === first,
      gaps: gaps.slice(0, RIVALS),
      margin: wanted[first] - wanted[second],
      noise: judged && noiseIn(wanted, got, first, second),
    };
  };
}

function noiseIn(wanted: Float64Array, got: Float64Array, first: number, second: number): Noise {
  let [mean, squares] = [0, 0];
  for (let i = 0; i < wanted.length; i++) mean += (got[i] - wanted[i]) / wanted.length;
  for (let i = 0; i < wanted.length; i++) squares += (got[i] - wanted[i] - mean) ** 2;
  const degrees = wanted.length - 1;
  const shift = got[first] - wanted[first] - (got[second] - wanted[second]);
  return { variance: squares / degrees, degrees, shift };
}

function topTwo(scores: Float64Array): [number, number] {
  let [first, second] = [0, 1];
  if (scores[1] > scores[0]) [first, second] = [1, 0];
  for (let i = 2; i < scores.length; i++) {
    if (scores[i] > scores[first]) [first, second] = [i, first];
    else if (scores[i] > scores[second]) second = i;
  }
  return [first, second];
}
