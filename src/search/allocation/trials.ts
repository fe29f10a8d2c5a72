import { Xxh32 } from '../../binary/xxh32.js';
import type { Loss } from '../../evaluate/loss.js';
import type { Judged } from '../goal.js';
import type { Candidate } from './candidates.js';

/** One setting of the whole model that was tried, and what came of it. */
export interface BudgetPoint extends Judged {
  readonly loss: number;
  readonly judgement: Loss;
  /** The divergence of the outputs on the inputs measured on, which the search goes by, under the name that it has in JSON. */
  readonly divergence: number;
}

/** Something that a search has measured, as plain data: what a search that was ended early goes on from. */
export interface BudgetTrial {
  /** Tells the setting from others. */
  readonly setting: string;
  /** How far the outputs are off; of a point, its own. */
  readonly divergence: number;
  /** Absent where nothing but the divergence was measured. */
  readonly point?: BudgetPoint | undefined;
}

type Setting = readonly (Pick<Candidate, 'density' | 'clusters'> | undefined)[];

/** Measures, or knows from an earlier search. */
export interface Trials {
  divergence(setting: Setting, measure: () => Promise<number>): Promise<number>;
  point(setting: Setting, measure: () => Promise<BudgetPoint>): Promise<BudgetPoint>;
}

/**
 * A search takes the same way whenever it is given the same figures. So those of an earlier one stand for measurements as
 * long as it asks for the same settings in the same order; from the first that is another on, all is measured.
 *
 * @param known - of the earlier search, in its order
 * @param onTrial - called with everything that is measured, and with what is known once it is asked for
 */
export function openTrials(known: readonly BudgetTrial[] = [], onTrial?: (trial: BudgetTrial) => void): Trials {
  let next = 0;
  const recall = (setting: string, isPoint: boolean): BudgetTrial | undefined => {
    const trial = known[next];
    const isSame = trial?.setting === setting && (trial.point !== undefined) === isPoint;
    next = isSame ? next + 1 : known.length;
    return isSame ? trial : undefined;
  };
  const told = <T extends BudgetTrial>(trial: T): T => {
    onTrial?.(trial);
    return trial;
  };
  return {
    async divergence(each, measure) {
      const setting = fingerprint(each);
      return told(recall(setting, false) ?? { setting, divergence: await measure() }).divergence;
    },
    async point(each, measure) {
      const setting = fingerprint(each);
      const before = recall(setting, true);
      if (before?.point) return told({ ...before, point: before.point }).point;
      const point = await measure();
      return told({ setting, divergence: point.divergence, point }).point;
    },
  };
}

function fingerprint(setting: Setting): string {
  const text = setting.map((each) => (each ? `${each.density} ${each.clusters ?? ''}` : '')).join('\n');
  return new Xxh32().update(new TextEncoder().encode(text)).digest().toString(16);
}
