import type { Command } from 'commander';
import type { CalibrationOptions } from '../calibrate/options.js';
import { calibratedQuantize } from '../calibrate/quantize.js';
import type { InputOptions } from '../calibrate/ranges/options.js';
import type { ValuePlan } from '../calibrate/ranges/plan.js';
import type { WeightStage } from '../calibrate/simulate.js';
import type { Dataset } from '../data/dataset.js';
import { formatLoss } from '../evaluate/loss-words.js';
import type { Model } from '../model/model.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { isLossGiven } from '../search/goal.js';
import { quantizeByOutput } from '../search/output-range.js';
import { type FoundWidths, findWidths } from '../search/widths/find.js';
import {
  checkWidthOptions,
  WIDTHS,
  type WidthOptions,
  type WidthPoint,
  type WidthRange,
  type Widths,
} from '../search/widths/options.js';
import { CLUSTER } from '../stages/cluster.js';
import { hasOutputRange, type QuantizeOptions, quantize } from '../stages/quantize.js';
import type { Stage } from '../stages/stage.js';
import { noteJudges } from './answers.js';
import { threadPool } from './calibration-pool.js';
import { configText, judgedText } from './chosen-config.js';
import type { Config } from './config.js';
import { UsageError } from './errors.js';
import { addOptions, optionsFrom } from './flags.js';
import { type MetricFlags, metricOf } from './metric.js';
import type { Terminal } from './terminal.js';

/** Options of commands that round weights to number formats, beside which. */
export interface FormatFlags extends WidthRange, MetricFlags, Pick<InputOptions, 'inputs' | 'as' | 'fullRange'> {
  readonly maxLoss?: number;
  readonly maxError?: number;
}

/** Options that are about shared values, or about how they are searched for. */
const OTHERS = [
  ...Object.keys(CLUSTER.options).filter((name) => name !== 'seed'),
  ...['targetSize', 'lambda', 'time', 'resume'],
];

/** Adds what gives layers widths of their own. */
export function addWidths(command: Command): Command {
  return addOptions(command, WIDTHS, { prefix: 'with --weights: ' });
}

/** What there is to look at. */
interface Sources {
  readonly calibration?: CalibrationOptions | undefined;
  /** Inputs to judge by, where rounding is not compensated. */
  readonly dataset?: Dataset | undefined;
  /** The model that losses are held against, where stages before this one change it. */
  readonly originalOf?: (() => Model | undefined) | undefined;
}

/** The stage that rounds weights; what it found is known once it has run. */
export interface FormatStage {
  /** @param values - how what layers take in will be rounded */
  create(options: QuantizeOptions, values?: ValuePlan): WeightStage;
  /** Whether widths are searched for, so that what is chosen is to be kept. */
  readonly isSearched: boolean;
  found(): Widths | undefined;
}

/** @throws UsageError for options that make no sense where weights are rounded to number formats */
export function formatStage(
  flags: FormatFlags,
  { calibration, dataset, originalOf }: Sources,
  terminal: Terminal,
): FormatStage {
  const isSearched = flags.equivalentBits !== undefined || isLossGiven(flags);
  let found: FoundWidths | undefined;
  return {
    isSearched,
    found: () => found,
    create(options, values) {
      checkFlags(flags, isSearched, hasOutputRange(options), { calibration, dataset });
      const common = { ...options, ...calibration };
      if (isSearched) {
        const { maxLoss, maxError, inputs, as, fullRange } = flags;
        const goal = { ...optionsFrom(WIDTHS, flags), maxLoss, maxError, inputs, as, fullRange };
        const all: WidthOptions = { ...common, ...goal, isCompensated: calibration !== undefined };
        const judged = dataset ? { ...all, dataset } : all;
        checkWidthOptions(judged);
        const stage = inThreads('quantize', calibration, async (pool, model, context) => {
          const onPoint: WidthOptions['onPoint'] = (point) => terminal.note(`  ${widthLine(point)}`);
          const metric = await metricOf(flags);
          found = await findWidths(
            model,
            { ...judged, ...context, metric, pool, onPoint, original: originalOf?.() },
            values,
          );
          if (found.metric !== null) noteJudges(found.heldOut, terminal);
          if (found.points.length > 1) terminal.note(`  chosen: ${bitsLine(found.chosen)}`);
          if (!found.isReached) terminal.warn('no widths reached the goal; these are the widest');
          return found.model;
        });
        return { ...stage, plan: () => found?.plan };
      }
      const data = dataset ?? calibration?.dataset;
      if (hasOutputRange(options) && data) {
        const all = { ...common, dataset: data, isCompensated: calibration !== undefined };
        return inThreads('quantize', calibration, (pool, model, context) =>
          quantizeByOutput({ ...all, pool }).run(model, context),
        );
      }
      // Data are for ranges, too: who asks for plain rounding gets it.
      if (!calibration || (values && options.rounding !== undefined)) return quantize(options);
      const all = { ...common, ...calibration, roundedInputs: values?.plan };
      const stage = calibratedQuantize(all);
      return inThreads(stage.name, calibration, (pool, model, context) =>
        calibratedQuantize({ ...all, pool }).run(model, context),
      );
    },
  };
}

/** A setting in words. */
function widthLine(point: WidthPoint): string {
  const { judgement } = point;
  return `${bitsLine(point)}${judgement === null ? '' : `, ${formatLoss(judgement)}`}`;
}

function bitsLine({ equivalentBits, inputBits }: WidthPoint): string {
  const inputs = inputBits === null ? '' : `, ${inputBits.toFixed(2)} an input of a layer`;
  return `${equivalentBits.toFixed(2)} bits a weight${inputs}`;
}

/** A search for widths as JSON. */
export function widthsSummary({ chosen, points, samples, heldOut, metric, isReached }: Widths, seed = 0): object {
  return { chosen, points, samples, heldOut, metric, seed, isReached };
}

type Work = (pool: WidthOptions['pool'], ...run: Parameters<Stage['run']>) => ReturnType<Stage['run']>;

/** A stage with threads of its own while it runs, if it calibrates. */
function inThreads(name: string, calibration: CalibrationOptions | undefined, work: Work): Stage {
  return {
    name,
    async run(model, context) {
      if (!calibration) return work(undefined, model, context);
      const pool = threadPool(calibration.threads);
      try {
        return await work(pool, model, context);
      } finally {
        await pool.close();
      }
    },
  };
}

function checkFlags(
  flags: FormatFlags,
  isSearched: boolean,
  isByOutput: boolean,
  { calibration, dataset }: Sources,
): void {
  const stray = givenOf(OTHERS, flags)[0];
  if (stray !== undefined) {
    throw new UsageError(`--${dashed(stray)} does not go with number formats (--weights); leave one of them out`);
  }
  const width = givenOf(['minBits', 'maxBits'], flags)[0];
  if (width !== undefined && !isSearched) {
    throw new UsageError(`--${dashed(width)} needs a goal for widths: --equivalent-bits, --max-loss or --max-error`);
  }
  if (dataset && !isSearched && !isByOutput) {
    throw new UsageError(
      '--data with number formats is to choose by: give --equivalent-bits, --max-loss or --range output',
    );
  }
  const judged = givenOf(['maxLoss', 'maxError', 'metric'], flags)[0];
  if (judged !== undefined && !calibration && !dataset) {
    throw new UsageError(`--${dashed(judged)} needs --calibrate or --data with inputs to judge by`);
  }
  if (judged === 'metric' && !isSearched) {
    throw new UsageError('--metric is for a goal: give --equivalent-bits, --max-loss or --max-error');
  }
}

/** The widths that were chosen as a config file, beside what was fixed before. */
export function widthsConfig(
  model: string,
  { layers, inputs, chosen, metric, samples, heldOut }: Widths,
  base: Config,
  command: string,
  { isCalibrated, seed = 0 }: { readonly isCalibrated: boolean; readonly seed?: number | undefined },
): string {
  const rules = layers.map(({ match, weights }) => ({ match, quantize: { weights } }));
  const values = Object.fromEntries(inputs.map(({ name, format }) => [name, format]));
  const config: Config = {
    ...base,
    layers: [...(base.layers ?? []), ...rules],
    ...(inputs.length > 0 && { values: { ...base.values, ...values } }),
  };
  // Rounding that is compensated, and ranges, are those of the inputs that are calibrated on then.
  const again = isCalibrated ? 'and --calibrate rounds to the same formats again' : undefined;
  const by = metric === null ? '' : `; ${judgedText({ metric, samples, heldOut, seed })}`;
  return configText(model, `${widthLine(chosen)}${by}`, config, command, again);
}
