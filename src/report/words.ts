import { formatLoss } from '../evaluate/loss-words.js';
import { formatBytes, formatCount, formatPercent, formatRatio, formatSmall } from '../inspect/format.js';
import type { Fidelity, Sensitivity } from '../sensitivity/options.js';
import type { Accuracy, Baseline, Comparison } from './comparison.js';

/** Figures as every form of the report words them. */

/** A size in full: `52,460 bytes`. */
export function exactBytes(bytes: number): string {
  return `${formatCount(bytes)} bytes`;
}

/** A change in points: `−0.12 points`. */
function formatPoints(change: number): string {
  const points = Math.abs(100 * change).toFixed(2);
  return `${points === '0.00' ? '±' : change < 0 ? '−' : '+'}${points} points`;
}

/** A figure of the two models' answers. */
export interface AnswerFigure {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly note: string;
  /** Below zero where the compressed model is worse; `null` where that is no question. */
  readonly change: number | null;
}

/** What there is to tell of the answers. */
export function answerFigures({ original, compressed }: Accuracy): AnswerFigure[] {
  const figures: AnswerFigure[] = [];
  for (const [name, key] of [
    ['top-1 accuracy', 'top1'],
    ['top-5 accuracy', 'top5'],
  ] as const) {
    const [before, after] = [original[key], compressed[key]];
    if (before === null || after === null) continue;
    const change = after - before;
    figures.push({
      name,
      before: formatPercent(before),
      after: formatPercent(after),
      note: formatPoints(change),
      change,
    });
  }
  const plain = { before: '', change: null };
  if (compressed.agreement !== null) {
    const note = 'decided as the original does';
    figures.push({ ...plain, name: 'same answers', after: formatPercent(compressed.agreement), note });
  }
  if (compressed.loss !== null) {
    const note = `by ${compressed.loss.metric}`;
    figures.push({ ...plain, name: 'lost', after: formatLoss(compressed.loss).replace(/^lost /, ''), note });
  }
  if (compressed.maxAbsDiff !== null) {
    const note = `at most ${formatSmall(compressed.maxAbsDiff)}`;
    figures.push({ ...plain, name: 'mean difference', after: formatSmall(compressed.meanAbsDiff ?? 0), note });
  }
  return figures;
}

/** The files that a comparison of sizes is between: the original, what other means make of it, and this one. */
export function sizesOf({ original, compressed, accuracy, baselines }: Comparison): Baseline[] {
  const top1 = accuracy?.original.top1 ?? null;
  // Where no decisions were compared there is nothing to be the same.
  const same = accuracy?.compressed.agreement == null ? null : 1;
  return [
    { name: 'original', bytes: original.bytes, reason: null, top1, agreement: null },
    ...baselines.map((baseline) => (isLossless(baseline) ? { ...baseline, top1, agreement: same } : baseline)),
    {
      name: compressed.kind === 'fxq' ? 'this .fxq file' : 'this ONNX file',
      bytes: compressed.bytes,
      reason: null,
      top1: accuracy?.compressed.top1 ?? null,
      agreement: accuracy?.compressed.agreement ?? null,
    },
  ];
}

function isLossless({ name, bytes }: Baseline): boolean {
  return bytes !== null && !name.startsWith('int8');
}

/** `52.5 KB, 32.9×, top-1 99.37%`. */
export function sizeNote({ bytes, reason, top1, agreement }: Baseline, original: number): string {
  if (bytes === null) return `not measured: ${reason}`;
  const ratio = bytes < original ? `, ${formatRatio(original / bytes)}` : '';
  const answers =
    top1 !== null ? `, top-1 ${formatPercent(top1)}` : agreement !== null ? `, same ${formatPercent(agreement)}` : '';
  return `${formatBytes(bytes)}${ratio}${answers}`;
}

/** What a layer does to the answers, by the figure that the ranking goes by, and what is beside it. */
export function divergenceNote(fidelity: Fidelity): string {
  const { divergence, kl, top1, agreement } = fidelity;
  const first = kl === null ? formatSmall(divergence) : `KL ${formatSmall(kl)}`;
  if (top1 !== null) return `${first}, top-1 ${formatPercent(top1)}`;
  return agreement === null ? first : `${first}, same ${formatPercent(agreement)}`;
}

/** What the page is about, in a line: `small.fxq, 5.3× smaller`. */
export function headline({ compressed, original, ratio }: Comparison): string {
  const name = baseName(compressed.file);
  return ratio > 1.005 ? `${name}, ${formatRatio(ratio)} smaller` : `${name} beside ${baseName(original.file)}`;
}

function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}

/** What the divergence is measured by, in a sentence. */
export function divergenceWords({ layers }: Sensitivity): string {
  return layers.some(({ kl }) => kl !== null)
    ? 'Divergence is the Kullback-Leibler divergence (KL, in nats) of the model’s decisions from the original’s: 0 is no change'
    : 'Divergence is the noise in the model’s outputs by their signal: 0 is no change, 1 as much noise as signal';
}
