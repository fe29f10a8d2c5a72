import { CODING, type CodingOptions } from '../../container/write/coding.js';
import { compressTo } from '../../pipeline/compress.js';
import { selfTimer } from '../../pipeline/timer.js';
import { HELD_OUT, isLossAsked, isLossGiven } from '../../search/goal.js';
import { type Answers, judgedAnswers, madeAnswers, sameAnswers, unknownAnswers } from '../answers.js';
import { compareWithInt8 } from '../beside-int8.js';
import { type BudgetFlags, budgetOf, budgetStage } from '../budget.js';
import { budgetConfig, budgetSummary, budgetTable } from '../budget-words.js';
import { type CalibrationFlags, calibrationOf } from '../calibration.js';
import { type Config, configOf } from '../config.js';
import { PIPE } from '../find-models.js';
import { optionsFrom } from '../flags.js';
import { searchStage } from '../goal.js';
import { inspectFile, openLater, sizeOf, tensorBytes, unclaimedWarnings } from '../input.js';
import type { ModelFlags, ThreadFlags } from '../options.js';
import { planContainer } from '../output/container.js';
import { together } from '../output/plan.js';
import { targetIn, withOutput } from '../output/write.js';
import type { Place, PlaceFlags } from '../places.js';
import { type FormatFlags, formatStage, widthsConfig, widthsSummary } from '../quantize-flags.js';
import { isQuantizeWanted, readSettings, type StageFlags } from '../settings.js';
import { noteLossless, type Result, type SummaryFlags } from '../summary.js';
import {
  checkDims,
  isSynthetic,
  isUnasked,
  noteClustering,
  type SyntheticFlags,
  syntheticStage,
} from '../synthetic.js';
import type { Terminal } from '../terminal.js';
import { withTensorPool } from '../threads.js';
import { checkTrainingFlags, type TrainingFlags, trainFile } from '../training.js';

export type PackFlags = SummaryFlags &
  PlaceFlags &
  ThreadFlags &
  StageFlags &
  CalibrationFlags &
  BudgetFlags &
  SyntheticFlags &
  FormatFlags &
  TrainingFlags &
  ModelFlags &
  CodingOptions;

/** A model, and where it goes. */
export interface PackSubject extends Place {
  /** Where it is, wherever it came from. */
  readonly path: string;
  /** Where its container is written, if only for a while. */
  readonly written: string;
  readonly isTemporary: boolean;
}

/** What happens to one model, up to its container; what it was is reported by the caller. */
export async function packModel(
  command: 'encode' | 'compress',
  subject: PackSubject,
  flags: PackFlags,
  terminal: Terminal,
): Promise<Result> {
  const { input, output, path, written } = subject;
  if (command === 'compress') checkTrainingFlags(flags);
  if (flags.train !== undefined) return trainFile(subject, flags.train, flags, terminal);
  const asked = command === 'compress' ? configOf(flags) : {};
  const isMade = command === 'compress' && isSynthetic(flags, asked);
  if (command === 'compress') checkDims(flags, asked);
  const file = openLater(path, flags, terminal.warn);
  const opened = { model: async () => file.opened().model, files: [path] };
  try {
    const budget = command === 'compress' ? await budgetOf(flags, opened, terminal) : undefined;
    const calibration =
      command === 'compress' && !budget
        ? await calibrationOf(flags, opened, terminal, '--calibrate or --data', isMade)
        : undefined;
    // Where weights are removed first, losses are those of that, too.
    const originalOf = () => (settings?.options.prune ? file.opened().model : undefined);
    const formats = formatStage(flags, { calibration, dataset: budget?.dataset, originalOf }, terminal);
    const settings =
      command === 'compress'
        ? readSettings(
            calibration || isMade ? { ...flags, cluster: false } : flags,
            command,
            calibration && { ...calibration, heldOut: isJudged(flags, asked) ? HELD_OUT : 0 },
            budget !== undefined,
            (options) => formats.create(options),
            asked,
          )
        : undefined;
    const isQuantized = settings?.options.quantize !== undefined;
    const goal = { ...flags, output };
    const search =
      budget || isQuantized
        ? undefined
        : searchStage(goal, settings?.selection ?? {}, calibration, terminal, originalOf);
    const walk = budget && settings && !isQuantized ? budgetStage(budget, goal, settings.options, terminal) : undefined;
    const synthetic = isMade ? syntheticStage(flags, settings?.selection ?? {}, terminal) : undefined;
    const { model, paths } = file.opened();
    const isOpen = command === 'compress' && !budget && isUnasked(flags, asked);
    const { plan, config } = planContainer(subject, flags, walk !== undefined || (isQuantized && formats.isSearched));
    const warnings = [...unclaimedWarnings(model), ...(settings?.warnings(model) ?? [])];
    for (const warning of warnings) terminal.warn(warning);
    if (command === 'compress') noteClustering(flags, asked, terminal);
    const onProgress = terminal.progress(command);
    const all = [
      ...(settings?.stages ?? []),
      ...(search ? [search] : []),
      ...(synthetic ? [synthetic] : []),
      ...(walk ? [walk] : []),
    ];
    const { stages, lossless } = await withOutput(config ? together(plan, config) : plan, async (output, signal) => {
      const told = await withTensorPool({ threads: flags.threads, bytes: tensorBytes(model), signal }, (pool) => {
        return compressTo(targetIn(output), model, all, {
          ...optionsFrom(CODING, flags),
          signal,
          onProgress,
          context: { onProgress, onNote: terminal.warn },
          pool,
          isOpen,
        });
      });
      const found = walk?.found();
      const widths = formats.found();
      const text =
        found && settings
          ? budgetConfig(path, found, settings.config, flags.seed)
          : widths &&
            settings &&
            widthsConfig(path, widths, settings.config, command, {
              isCalibrated: calibration !== undefined,
              seed: flags.seed,
            });
      if (text !== undefined && config) output.write(1, new TextEncoder().encode(text));
      return told;
    });
    search?.done();
    walk?.done();
    const [inputBytes, outputBytes] = [sizeOf(paths), sizeOf(plan.paths)];
    const afterwards = selfTimer(() => performance.now());
    const stopped =
      synthetic && !lossless?.isKept
        ? await afterwards.measureAsync(afterwards.add('compare'), () =>
            compareWithInt8(synthetic, model, outputBytes, flags),
          )
        : undefined;
    const found = walk?.found();
    const widths = formats.found();
    const hasData = calibration !== undefined || budget !== undefined;
    const isChanged = settings?.stages.some(({ name }) => name !== 'cluster') || hasFewValues(flags);
    const judged = found ?? search?.found() ?? widths;
    // Why it is kept as it is has been told where a search has come to that.
    const isLeft = judged !== undefined && 'isLossless' in judged && judged.isLossless;
    if (lossless && !isLeft) noteLossless(lossless, terminal);
    return {
      stopped,
      isBold: isChanged && !hasData,
      tried: found && budgetTable(found),
      report: async () => ({ ...(await inspectFile(written)), file: output }),
      summary: {
        input,
        output,
        ...(flags.dryRun && { dryRun: true }),
        inputBytes,
        outputBytes,
        ratio: inputBytes / outputBytes,
        stages: [...stages, ...afterwards.times()],
        answers: answersOf(),
        ...(lossless && { lossless }),
        ...(search && { calibration: search.summary() }),
        ...(widths && { widths: widthsSummary(widths, flags.seed) }),
        ...(synthetic && { synthetic: synthetic.summary() }),
        ...(found && { budget: budgetSummary(found, config?.paths[0] ?? null, flags.seed) }),
      },
    };

    function answersOf(): Answers {
      if (command === 'encode') return sameAnswers('no weight has changed');
      if (isLeft) return sameAnswers('every weight is kept, as nothing else reached the goal');
      if (lossless?.isKept) return sameAnswers('the file is kept as it is, byte for byte');
      const made = synthetic?.found();
      if (made && typeof made !== 'string') return madeAnswers(made);
      const judgement = judged?.chosen.judgement;
      const searched = search?.found();
      const fitted = flags.targetSize !== undefined && searched?.heldOut === 0 ? searched.samples : undefined;
      if (!judged || !judgement) return unknownAnswers(input, flags.dryRun ? PIPE : output, fitted);
      return judgedAnswers(judgement, judged.heldOut);
    }
  } finally {
    file.close();
  }
}

/** Whether a search keeps inputs apart, to judge by what it makes: no stage is to be fitted to these. */
function isJudged(flags: PackFlags, asked: Config): boolean {
  // Formats are searched for where a loss is given, values without that, too.
  if (isQuantizeWanted(asked, flags)) return isLossGiven(flags);
  return isLossAsked(flags) && flags.lambda === undefined && !hasFewValues(flags);
}

function hasFewValues({ bits, clusters }: PackFlags): boolean {
  return bits !== undefined || clusters !== undefined;
}
