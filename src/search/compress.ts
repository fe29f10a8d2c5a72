import type { CodingOptions } from '../container/write/coding.js';
import { containerSize } from '../container/write/container.js';
import type { Model } from '../model/model.js';
import { type OffloadOptions, offload } from '../offload.js';
import type { OpenOptions } from '../onnx/open.js';
import { checkKeys } from '../options/check.js';
import { type Compressed, compressWith, opened } from '../pipeline/compress.js';
import type { PipelineOptions } from '../pipeline/pipeline.js';
import { CLUSTER, type ClusterOptions, cluster, clusteringOf } from '../stages/cluster.js';
import { PRUNE, type PruneOptions, prune } from '../stages/prune.js';
import { QUANTIZE, type QuantizeOptions, quantize } from '../stages/quantize.js';
import type { Stage } from '../stages/stage.js';
import type { Nearness } from './answers.js';
import { drownedIn } from './drowned.js';
import { type SyntheticFound, type SyntheticSearchOptions, searchSynthetic } from './synthetic.js';

/** Settings of `compress`: those of its stages, of opening the model and of the run. */
export interface CompressOptions extends PipelineOptions, OpenOptions, CodingOptions, OffloadOptions {
  /** Default: nothing is pruned. */
  readonly prune?: PruneOptions | undefined;
  /** Default: without `prune` and `quantize` weights are chosen by `synthetic`; otherwise `CLUSTER_DEFAULTS`. `false`: they keep their values. */
  readonly cluster?: ClusterOptions | false | undefined;
  /** Number formats, in place of clusters. */
  readonly quantize?: QuantizeOptions | undefined;
  /**
   * How inputs are made where nothing says what weights are to be. `false`: weights are clustered by their own noise, which
   * needs no ONNX Runtime and gives the same bytes on every machine.
   */
  readonly synthetic?: Omit<SyntheticSearchOptions, 'signal'> | false | undefined;
}

/** The options there are: a misspelt one would leave out what it is for. */
const KEYS: Readonly<Record<keyof CompressOptions, true>> = {
  ...{ prune: true, cluster: true, quantize: true, synthetic: true, smallest: true },
  ...{ external: true, signal: true, onProgress: true, context: true, now: true, worker: true },
};

const SELECTION = ['include', 'exclude', 'rules'];

function checkCompressOptions(options: CompressOptions): void {
  checkKeys('compress', Object.keys(KEYS), options);
  for (const stage of [PRUNE, CLUSTER, QUANTIZE]) {
    const given = options[stage.name];
    if (given) checkKeys(`compress: ${stage.name}`, [...Object.keys(stage.options), ...SELECTION], given);
  }
}

/** A container, and by what its weights were chosen. */
export interface CompressedModel extends Compressed {
  /** What was found with made inputs; in words why they do not serve the model; absent where nobody looked for it. */
  readonly synthetic?: SyntheticSummary | string | undefined;
}

/** What was found with made inputs, as plain data; tensors by their names. */
export interface SyntheticSummary extends Omit<SyntheticFound, 'model' | 'exact' | 'skipped'> {
  readonly exact: readonly { readonly tensor: string; readonly basis: SyntheticFound['exact'][number]['basis'] }[];
  readonly skipped: readonly { readonly tensor: string; readonly reason: string }[];
}

/**
 * Compresses an ONNX file: prunes if asked to, chooses what values weights share or rounds them to number formats, encodes, and decodes the result again to see that it is
 * right. Without `prune`, `cluster` and `quantize` weights are chosen by the answers to inputs that are made for the model
 * (`searchSynthetic`), where these serve and ONNX Runtime is there; otherwise they are clustered. A file that `encode` makes no larger than that is
 * kept as it is, and decodes to its own bytes.
 *
 * @param input - the bytes of the ONNX file, those of a `Blob`, or an opened model (one with external data)
 * @throws RangeError for an option out of its range; FxqError `ONNX_MALFORMED`, `LIMIT`, `EXTERNAL_DATA`, `CONFIG`, `ABORTED`
 *
 * @example
 * const { container } = await compress(await readFile('model.onnx'), { prune: { density: 0.8 }, cluster: { bits: 8 } });
 * await writeFile('model.fxq', container);
 */
export async function compress(
  input: Uint8Array | Blob | Model,
  options: CompressOptions = {},
): Promise<CompressedModel> {
  checkCompressOptions(options);
  const done = await offload<CompressedModel>('compress', input, options);
  if (done) return done;
  const isOpen = !options.prune && !options.quantize && options.cluster === undefined;
  if (options.synthetic !== false && isOpen) {
    const stage = syntheticStage(options.synthetic);
    const compressed = await compressWith(await opened(input, options), [stage], { ...options, isOpen });
    return { ...compressed, synthetic: summaryOf(stage.found()) };
  }
  const stages: Stage[] = [];
  if (options.prune) stages.push(prune(options.prune));
  if (options.quantize) stages.push(quantize(options.quantize));
  else if (options.cluster !== false) stages.push(cluster(clusteringOf(options.cluster ?? {})));
  return compressWith(await opened(input, options), stages, { ...options, isOpen });
}

function summaryOf(found: SyntheticFound | string | undefined): SyntheticSummary | string | undefined {
  if (typeof found !== 'object') return found;
  const { model: _, exact, skipped, ...rest } = found;
  return {
    ...rest,
    exact: exact.map(({ tensor, basis }) => ({ tensor: tensor.name, basis })),
    skipped: skipped.map(({ tensor, reason }) => ({ tensor: tensor.name, reason })),
  };
}

/** A stage that searches by made inputs. */
export interface SyntheticStage extends Stage {
  /** What came of it, once it has run. */
  found(): SyntheticFound | string | undefined;
  /** How near a model's answers are, where it got so far that answers were looked at: of the one that was taken, too. */
  nearnessOf(model: Model): Promise<Nearness> | undefined;
}

/** The stage; where made inputs do not serve a model it clusters. */
export function syntheticStage(options: SyntheticSearchOptions = {}): SyntheticStage {
  let found: SyntheticFound | string | undefined;
  let judge: SyntheticFound['nearnessOf'] | undefined;
  const { include, exclude } = options;
  return {
    name: 'calibrate',
    found: () => found,
    nearnessOf: (model) => judge?.(model),
    async run(model, context = {}) {
      const { signal, onProgress } = context;
      const plain = await cluster(clusteringOf({ include, exclude })).run(model, context);
      found = await searchSynthetic(model, { onProgress, ...options, plain, signal });
      if (typeof found === 'string') return plain;
      judge = found.nearnessOf;
      const drowned = drownedIn(model, found.model);
      if (drowned) {
        found = `answers to them hang on a few weights of ${drowned.name} that are far larger than the others`;
        return plain;
      }
      const [bytes, plainBytes] = [
        await containerSize(found.model, { signal }),
        await containerSize(plain, { signal }),
      ];
      if (bytes < plainBytes) return found.model;
      // Made inputs are not worth more than the noise of weights: they show too little of what some models look for.
      found = `they would take ${bytes} bytes, and by their own noise ${plainBytes}${guessing(found)}`;
      return plain;
    },
  };
}

function guessing({ guessed }: SyntheticFound): string {
  return guessed.length > 0 ? `; the size of pictures was guessed, --dim ${guessed[0]}=SIZE tells it` : '';
}
