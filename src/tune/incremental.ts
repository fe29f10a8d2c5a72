import type { Parameter } from './parameter.js';

/** Fixes more and more weights at values of their format, while the others are trained to make up for it. */
export interface Fixer {
  /** Fixes as many as are meant to be at this share of the training. */
  fix(share: number): void;
  /** Whether by this share of the training all are. */
  isDone(share: number): boolean;
}

/** Share of the training after which all weights are fixed; biases go on. */
const LAST = 0.9;

/**
 * The share of the weights that is fixed: half of those that are left at each jump, all at the last. The first jump is made
 * at once.
 *
 * Source: Zhou, Yao, Guo, Xu & Chen 2017, "Incremental network quantization", §3.3: .5, .75, .875, 1 for four jumps.
 */
export function fixedAt(share: number, jumps: number): number {
  const jump = Math.floor((share / LAST) * (jumps - 1)) + 1;
  return share >= LAST || jump >= jumps ? 1 : 1 - 2 ** -jump;
}

/** @returns `undefined` where no parameter is rounded some weights at a time */
export function createFixer(parameters: readonly Parameter[], jumps: number): Fixer | undefined {
  const incremental = parameters.filter(({ fix }) => fix !== undefined);
  if (incremental.length === 0) return undefined;
  let fixed = 0;
  return {
    fix(share) {
      const wanted = fixedAt(share, jumps);
      if (wanted > fixed) for (const parameter of incremental) parameter.fix?.(wanted);
      fixed = wanted;
    },
    isDone: (share) => fixedAt(share, jumps) === 1,
  };
}
