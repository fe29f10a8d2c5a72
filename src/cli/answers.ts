import type { Loss } from '../evaluate/loss.js';
import { formatLoss } from '../evaluate/loss-words.js';
import { formatCount } from '../inspect/format.js';
import type { SyntheticFound } from '../search/synthetic.js';
import { PIPE } from './find-models.js';
import { shellWord } from './shell.js';
import type { Terminal } from './terminal.js';

/** How near the answers of what was written are to the original's. */
export interface Answers {
  readonly isMeasured: boolean;
  readonly text: string;
  /** What would measure them, with which the text ends. */
  readonly command?: string;
}

/** What is told of weights that changed, where nobody looked at what that does. */
export const NOT_MEASURED = 'accuracy was not measured';

/** What is warned of where the model is left as it is. */
export const LOSSLESS_LEFT =
  'no setting reached the goal, so that the file keeps every weight, coded without loss; more inputs to judge by, or a larger loss, make it smaller';

const NO_OTHERS = 'for want of others';

/** Says which inputs a search has judged by. */
export function noteJudges(heldOut: number, terminal: Terminal): void {
  const by = heldOut > 0 ? `${formatCount(heldOut)} inputs kept apart` : `the inputs fitted to, ${NO_OTHERS}`;
  terminal.note(`  judged by ${by}`);
}

export function sameAnswers(why: string): Answers {
  return { isMeasured: true, text: `the same, ${why}` };
}

/** As a search has judged them. */
export function judgedAnswers(judgement: Loss, heldOut: number): Answers {
  // Where these are too few to count, scores of those that it was fitted to are looked at, too.
  const apart = judgement.samples > heldOut ? `, of which ${formatCount(heldOut)} were kept apart` : ' kept apart';
  const by = heldOut === 0 ? ` that it was fitted to, ${NO_OTHERS}` : apart;
  return { isMeasured: true, text: `${formatLoss(judgement)}${by}` };
}

/** As they are to inputs that were made for the model; decibels are told as a share, too, which more people know. */
export function madeAnswers({ kind, snr }: SyntheticFound): Answers {
  const off = 100 * 10 ** (-snr / 20);
  const text = `off by ${off.toPrecision(2)} % on ${kind} made for the model (${snr.toFixed(1)} dB)`;
  return { isMeasured: true, text };
}

/**
 * With the command that would tell.
 *
 * @param fitted - how many inputs were looked at, where none was left to measure on
 */
export function unknownAnswers(input: string, output: string, fitted?: number): Answers {
  const command = evaluateCommand(input, output);
  const why = fitted === undefined ? '' : `, as all of the ${formatCount(fitted)} inputs were calibrated on`;
  return { isMeasured: false, text: `not measured${why}; this tells: ${command}`, command };
}

/** Of QONNX's operators, which no runtime here has. */
export const NOT_RUN: Answers = { isMeasured: false, text: 'not measured: ONNX Runtime has no operators of QONNX' };

/** What holds a result against its original; what came or went through a pipe has no name yet. */
export function evaluateCommand(input: string, output: string): string {
  const [original, result] = [input, output].map((path, i) =>
    path === PIPE ? (i === 0 ? 'ORIGINAL' : 'COMPRESSED') : shellWord(path),
  );
  return `fxq-compress evaluate ${result} --reference ${original} --data DATA`;
}
