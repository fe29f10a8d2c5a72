import type { CalibrationOptions } from '../calibrate/options.js';
import { calibratedPrune } from '../calibrate/prune.js';
import type { ValueRule } from '../calibrate/ranges/options.js';
import type { Model } from '../model/model.js';
import { DEFAULT_INCLUDE, matcher, type Rule, type Selection, type Selector } from '../model/selectors.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { WIDTHS } from '../search/widths/options.js';
import { CLUSTER, type ClusterOptions, cluster, clusteringOf } from '../stages/cluster.js';
import { PRUNE, type PruneOptions, prune } from '../stages/prune.js';
import { QUANTIZE, type QuantizeOptions, quantize } from '../stages/quantize.js';
import type { Stage, StageDefinition } from '../stages/stage.js';
import { TRAINED, type TuneLayer, type TuneOptions } from '../tune/options.js';
import { type Config, configOf } from './config.js';
import { asUsage, UsageError } from './errors.js';
import { optionsFrom } from './flags.js';
import { isChangeable, leftAlone } from './left-alone.js';
import type { ClusterFlags, PruneFlags, QuantizeFlags, SelectionFlags } from './options.js';
import { checkSelectors } from './selectors.js';

/** The options of the lossy commands. Commander gives `cluster: false` for `--no-cluster`. */
export type StageFlags = SelectionFlags & PruneFlags & ClusterFlags & QuantizeFlags & { readonly cluster?: boolean };

/** Options of the stages, as functions of the library take them; absent: the stage is not wanted. */
export interface StageOptions extends Selection<never> {
  readonly prune?: PruneOptions | undefined;
  readonly cluster?: ClusterOptions | false | undefined;
  readonly quantize?: QuantizeOptions | undefined;
}

/** The stages of a command, made from its config file and its options, and checked. */
export interface Settings {
  readonly stages: Stage[];
  /** The options as `compress` takes them, and the same as a config file says it. */
  readonly options: StageOptions;
  readonly config: Config;
  /** Which tensors the command line and the file choose, for all stages. */
  readonly selection: Selection<never>;
  /** What in the settings has no effect on this model. */
  warnings(model: Model): string[];
}

/**
 * Makes the stages of a command. Options stand above the file's defaults; its rules for single layers stay.
 *
 * @param wanted - the stages that the command has; `compress` prunes only if an option says how much
 * @param calibration - lets pruning look at inputs
 * @param isSearched - a search makes the stages, unless weights are rounded to formats; what is said here is fixed
 * @param quantizer - makes the stage that rounds to number formats
 * @param config - what the config file says, where it has been read
 */
export function readSettings(
  flags: StageFlags,
  wanted: 'prune' | 'cluster' | 'quantize' | 'compress',
  calibration?: CalibrationOptions,
  isSearched = false,
  quantizer: (options: QuantizeOptions, values: readonly ValueRule[]) => Stage = (options) => quantize(options),
  config: Config = configOf(flags),
): Settings {
  const selection = selectionOf(flags, config);
  const isPruned = wanted === 'prune' || (wanted === 'compress' && isPruneWanted(config, flags));
  const pruneBase = override(PRUNE, config.prune, flags);
  const isQuantized = wanted === 'quantize' || (wanted === 'compress' && isQuantizeWanted(config, flags));
  if (wanted === 'compress' && !isQuantized) refuseFormatFlags(flags);
  const quantizeBase = override(QUANTIZE, config.quantize, flags);
  const quantizeOptions = isQuantized ? { ...quantizeBase, rules: rulesOf(config, 'quantize') } : undefined;
  const isClusterWanted = flags.cluster !== false && (config.cluster !== false || isGiven(CLUSTER.alternatives, flags));
  const isClustered = wanted === 'cluster' || (wanted === 'compress' && isClusterWanted && !isQuantized);
  const clusterBase = override(CLUSTER, config.cluster || undefined, flags);
  const pruneOptions = isPruned ? { ...pruneBase, rules: rulesOf(config, 'prune') } : undefined;
  const clusterOptions = isClustered ? { ...clusterBase, rules: rulesOf(config, 'cluster') } : undefined;
  const stages: Stage[] = [];
  if ((!isSearched || isQuantized) && pruneOptions) {
    const options = { ...pruneOptions, ...selection };
    stages.push(asUsage(() => (calibration ? calibratedPrune({ ...options, ...calibration }) : prune(options))));
  }
  if (!isSearched && clusterOptions) {
    const options = { ...clusterOptions, ...selection };
    stages.push(asUsage(() => cluster(wanted === 'compress' ? clusteringOf(options) : options)));
  }
  if (quantizeOptions) {
    const options = { ...quantizeOptions, ...selection };
    const values = Object.entries(config.values ?? {}).map(([match, format]) => ({ match, format }));
    stages.push(asUsage(() => quantizer(options, values)));
  }
  const isLossy = stages.length > 0 || isSearched || calibration !== undefined;
  // Calibration goes against `cluster: false` too.
  const isTold = calibration || isQuantized ? config.cluster !== undefined : Boolean(config.cluster);
  const hasClusters = isTold || config.layers?.some((layer) => layer.cluster !== undefined);
  const ignored = [
    ...((flags.cluster === false || isQuantized) && hasClusters
      ? ['config: what it says of clusters has no effect with these options']
      : []),
    ...(wanted !== 'quantize' && Object.keys(config.values ?? {}).length > 0
      ? ['config: what it says of values has no effect here; quantize rounds them']
      : []),
  ];
  return {
    stages,
    selection,
    options: { ...selection, prune: pruneOptions, cluster: clusterOptions ?? false, quantize: quantizeOptions },
    config: {
      ...(selection.include && { include: [...selection.include] }),
      ...(selection.exclude && { exclude: [...selection.exclude] }),
      ...(isFilled(pruneBase) && { prune: pruneBase }),
      ...(clusterOptions ? isFilled(clusterBase) && { cluster: clusterBase } : { cluster: false }),
      ...(quantizeOptions && isFilled(quantizeBase) && { quantize: quantizeBase }),
      ...(config.values && { values: config.values }),
      ...(config.layers && { layers: config.layers }),
    },
    warnings: (model) => [...ignored, ...findUnused(model, config, flags, isLossy)],
  };
}

/** What options select holds against what the file does. */
function selectionOf(flags: SelectionFlags, config: Config): Selection<never> {
  return { include: flags.include ?? config.include, exclude: flags.exclude ?? config.exclude };
}

function isFilled(options: object): boolean {
  return Object.keys(options).length > 0;
}

/** The options of formats that `tune` takes. */
type TuneFormats = Pick<TuneOptions, Exclude<keyof typeof QUANTIZE.options, 'seed' | 'domain'>>;

/** The options of `tune` that are about tensors. */
type TargetFlags = SelectionFlags & Pick<PruneFlags, 'density' | 'scope'> & QuantizeFlags;

/** Which tensors `tune` works on, how dense they are to be and of which formats, from its config file and its options. */
export function readTargets(flags: TargetFlags): {
  options: Pick<TuneOptions, 'include' | 'exclude' | 'rules' | 'density' | 'scope'> & TuneFormats;
  warnings: Settings['warnings'];
} {
  const config = configOf(flags);
  const rules = rulesOf(config, 'prune');
  const targets = [config.prune, ...(rules ?? []).map(({ options }) => options)];
  const stray = targets.flatMap((target) =>
    (['threshold', 'quality'] as const).filter((key) => target?.[key] !== undefined),
  );
  if (stray.length > 0) throw new UsageError(`config: prune to a density with tune, not to a ${stray[0]}`);
  const selection = selectionOf(flags, config);
  const { density, scope } = override(PRUNE, config.prune, flags);
  const formats = rulesOf(config, 'quantize');
  const { seed: _, domain = 'spatial', ...quantize } = override(QUANTIZE, config.quantize, flags);
  if (domain !== 'spatial') throw new UsageError(`config: tune trains weights as they are, not in ${domain}`);
  if ([quantize, ...(formats ?? []).map((rule) => rule.options)].some(({ range }) => range === 'output')) {
    throw new UsageError('config: tune finds no parameters of formats by range output');
  }
  const all = [...(rules ?? []), ...(formats ?? [])] as readonly Rule<TuneLayer>[];
  const options = {
    ...selection,
    ...(quantize as TuneFormats),
    rules: all.length > 0 ? all : undefined,
    density,
    scope,
  };
  return { options, warnings: (model) => findUnused(model, config, flags, true, TRAINED) };
}

function isPruneWanted(config: Config, flags: StageFlags): boolean {
  const isInRule = config.layers?.some((layer) => layer.prune !== undefined) ?? false;
  return config.prune !== undefined || isInRule || isGiven(Object.keys(PRUNE.options), flags);
}

/** Whether weights are rounded to formats, which takes clustering's place: unless the command line asks for clusters. */
export function isQuantizeWanted(config: Config, flags: StageFlags): boolean {
  const isInFile = config.quantize !== undefined || config.layers?.some((layer) => layer.quantize !== undefined);
  return flags.weights !== undefined || (isInFile === true && !isGiven(CLUSTER.alternatives, flags));
}

/** What is about number formats, and about nothing else. */
const FORMATS = [...Object.keys(QUANTIZE.options), ...Object.keys(WIDTHS)].filter((name) => name !== 'seed');

/** @throws UsageError for options of number formats where there is none */
function refuseFormatFlags(flags: StageFlags): void {
  const stray = givenOf(FORMATS, flags)[0];
  if (stray !== undefined) throw new UsageError(`--${dashed(stray)} needs --weights with a format such as int4`);
}

/** The file's options of a stage under the command line's. One of several alternatives takes the place of all of them. */
function override<Given extends object>(
  { options, alternatives }: StageDefinition,
  base: Given | undefined,
  flags: object,
): Given {
  const given = optionsFrom(options, flags);
  const isReplaced = isGiven(alternatives, given);
  const kept = Object.entries(base ?? {}).filter(([key]) => !isReplaced || !alternatives.includes(key));
  return { ...Object.fromEntries(kept), ...given } as Given;
}

function isGiven(names: readonly string[], given: object): boolean {
  return givenOf(names, given).length > 0;
}

function rulesOf<Name extends 'prune' | 'cluster' | 'quantize'>(config: Config, name: Name) {
  type Options = NonNullable<NonNullable<Config['layers']>[number][Name]>;
  const rules: Rule<Options>[] = [];
  for (const layer of config.layers ?? []) {
    const options = layer[name] as Options | undefined;
    if (options !== undefined) rules.push({ match: layer.match, options });
  }
  return rules.length > 0 ? rules : undefined;
}

/** @throws FxqError `CONFIG` for selectors that find nothing */
function findUnused(
  model: Model,
  config: Config,
  flags: SelectionFlags,
  isLossy: boolean,
  included: readonly Selector[] = DEFAULT_INCLUDE,
): string[] {
  const all = model.tensors;
  const selection = selectionOf(flags, config);
  const placed = (['include', 'exclude'] as const).flatMap((key) => {
    const place = flags[key] ? `--${key}` : `config: ${key}`;
    return (selection[key] ?? []).map((selector) => ({ place, selector }));
  });
  const rules = (config.layers ?? []).map(({ match }) => ({ place: 'config: layers', selector: match }));
  checkSelectors([...placed, ...rules], all);
  if (!isLossy) return [];
  const warnings: string[] = [];
  const include = (selection.include ?? included).map(matcher);
  const exclude = (selection.exclude ?? []).map(matcher);
  const chosen = all.filter(
    (tensor) => isChangeable(tensor) && include.some((is) => is(tensor)) && !exclude.some((is) => is(tensor)),
  );
  for (const { match } of config.layers ?? []) {
    if (!chosen.some(matcher(match))) warnings.push(`layers: "${match}" matches no tensor that is worked on`);
  }
  if (chosen.length === 0) warnings.push('no floating-point tensor is selected: nothing is changed');
  const asked = all.filter((tensor) => !exclude.some((is) => is(tensor)));
  return [...warnings, ...leftAlone(all, asked, chosen, selection.include ?? included)];
}
