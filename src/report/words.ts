import { shareInterval } from '../evaluate/interval.js';
import { formatAmount, formatLoss } from '../evaluate/loss-words.js';
import { formatBytes, formatCount, formatPercent, formatRatio, formatSmall } from '../inspect/format.js';
import type { Fidelity, Sensitivity } from '../sensitivity/options.js';
import { INT8_BASELINES } from './baselines.js';
import type { Accuracy, Baseline, Comparison, FrontierPoint } from './comparison.js';

/** Figures as every form of the report words them. */

/** A size in full: `52,460 bytes`. */
export function exactBytes(bytes: number): string {
  return `${formatCount(bytes)} bytes`;
}

/** What losses of a search's points are called, by the unit that all of them are in: of a search for a size one alone has any. */
export function lossHead(points: readonly FrontierPoint[]): string {
  const head = { points: 'points lost', share: 'off', own: 'lost' };
  return head[points.find(({ loss }) => loss !== null)?.unit ?? 'points'];
}

/** What a point of a search lost, with its interval: `0.30 (95 %: −0.40 to 1.10)`. */
export function lossText({ loss, low, high, unit }: FrontierPoint): string {
  if (loss === null) return '–';
  const amount = formatAmount(loss, unit);
  if (low === null && high === null) return amount;
  const [from, to] = [low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY];
  return `${amount} (95 %: ${formatAmount(from, unit)} to ${formatAmount(to, unit)})`;
}

/** A figure of the two models' answers. */
export interface AnswerFigure {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly note: string;
  /** Whether the compressed model is better or worse, where that is beyond chance. */
  readonly isClearly: 'better' | 'worse' | null;
}

/** What there is to tell of the answers. */
export function answerFigures({ original, compressed }: Accuracy): AnswerFigure[] {
  const figures: AnswerFigure[] = [];
  const { samples, loss } = compressed;
  const plain = { before: '', isClearly: null };
  for (const [name, key] of [
    ['top-1 accuracy', 'top1'],
    ['top-5 accuracy', 'top5'],
  ] as const) {
    const [before, after] = [original[key], compressed[key]];
    if (before === null || after === null) continue;
    const note = intervalNote(after, samples);
    figures.push({ ...plain, name, before: formatPercent(before), after: formatPercent(after), note });
  }
  if (compressed.agreement !== null) {
    const changed = samples - Math.round(compressed.agreement * samples);
    const note = `${formatCount(changed)} of ${formatCount(samples)} changed`;
    figures.push({ ...plain, name: 'same answers', after: formatPercent(compressed.agreement), note });
  }
  if (loss !== null) {
    const isClearly = loss.low > 0 ? 'worse' : loss.high < 0 ? 'better' : null;
    const [amount, note] = splitOnce(formatLoss(loss).replace(/^lost /, ''), ', ');
    const [name, after] = loss.unit === 'points' ? ['points lost', amount.replace(' points', '')] : ['lost', amount];
    figures.push({ ...plain, name, after, note: `${note}, by ${loss.metric}`, isClearly });
  }
  if (compressed.maxAbsDiff !== null) {
    const note = `at most ${formatSmall(compressed.maxAbsDiff)}`;
    figures.push({ ...plain, name: 'mean difference', after: formatSmall(compressed.meanAbsDiff ?? 0), note });
  }
  return figures;
}

/** Where a share is on all such samples: `95 %: 97.6 to 99.1`. */
function intervalNote(share: number, samples: number): string {
  const { low, high } = shareInterval(share, samples);
  return `95 %: ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;
}

function splitOnce(text: string, between: string): [string, string] {
  const at = text.indexOf(between);
  return [text.slice(0, at), text.slice(at + between.length)];
}

/** The files that a comparison of sizes is between: the original, what other means make of it, and this one. */
export function sizesOf({ original, compressed, accuracy, baselines, snr }: Comparison): Baseline[] {
  const top1 = accuracy?.original.top1 ?? null;
  // Where no decisions were compared there is nothing to be the same.
  const same = accuracy?.compressed.agreement == null ? null : 1;
  return [
    { name: 'original', bytes: original.bytes, reason: null, top1, agreement: null, snr: null },
    ...baselines.map((baseline) => (isLossless(baseline) ? { ...baseline, top1, agreement: same } : baseline)),
    {
      name: compressed.kind === 'fxq' ? 'this .fxq file' : 'this ONNX file',
      bytes: compressed.bytes,
      reason: null,
      top1: accuracy?.compressed.top1 ?? null,
      agreement: accuracy?.compressed.agreement ?? null,
      snr,
    },
  ];
}

function isLossless({ name, bytes }: Baseline): boolean {
  return bytes !== null && !name.startsWith('int8');
}

/** `52.5 KB, 32.9×, top-1 99.37%, weights 31.2 dB`. */
export function sizeNote({ bytes, reason, top1, agreement, snr }: Baseline, original: number): string {
  if (bytes === null) return `not measured: ${reason}`;
  const ratio = bytes < original ? `, ${formatRatio(original / bytes)}` : '';
  const answers =
    top1 !== null ? `, top-1 ${formatPercent(top1)}` : agreement !== null ? `, same ${formatPercent(agreement)}` : '';
  const noise = snr !== null && Number.isFinite(snr) ? `, weights ${snr.toFixed(1)} dB` : '';
  return `${formatBytes(bytes)}${ratio}${answers}${noise}`;
}

/** Why a file is larger than what int8 makes of the same model; nothing where it is not. */
export function int8Note({ compressed, accuracy, baselines, snr }: Comparison): string | undefined {
  const int8 = baselines.find(({ name }) => name === INT8_BASELINES.layer);
  if (!int8 || int8.bytes === null || compressed.bytes <= int8.bytes) return undefined;
  const start = `Larger than ${int8.name} (${formatBytes(int8.bytes)})`;
  const agreement = accuracy?.compressed.agreement ?? null;
  if (agreement !== null && int8.agreement !== null) {
    return `${start}, which answers as the original on ${formatPercent(int8.agreement)}; this file does on ${formatPercent(agreement)}`;
  }
  const noise =
    snr === null || int8.snr === null
      ? ''
      : `, whose weights are at ${int8.snr.toFixed(1)} dB, and here at ${snr.toFixed(1)} dB`;
  return accuracy ? `${start}${noise}` : `${start}${noise}; with --data, how near the answers of both are`;
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
