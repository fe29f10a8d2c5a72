import { FxqError } from '../errors.js';
import { present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import { withPayloads } from '../model/patch.js';
import { selector } from '../model/selectors.js';
import { twinsAmong } from '../model/twins.js';
import { isPatchable, writeWeights } from '../model/weights.js';
import { withRecord } from '../onnx/metadata.js';
import { recordOf } from '../options/defaults.js';
import { formatRecord } from '../quantize/record.js';
import type { Stage } from '../stages/stage.js';
import { type Best, writeCheckpoint } from './checkpoint.js';
import { foldTrained } from './folded.js';
import { checkTuneOptions, type Epoch, TRAINED, TUNE_DEFAULTS, type TuneOptions } from './options.js';
import type { Parameter } from './parameter.js';
import { prepareTraining } from './prepare.js';
import { train } from './trainer.js';

const NAME = 'tune';

/**
 * Trains a model's weights further, to win back what pruning and clustering have cost. What is pruned stays zero, weights
 * that share a value move together and go on sharing it, and values that float16 holds stay such. Weights of a number
 * format, which `quantize` has rounded or which are to be trained into one, are rounded whenever the model sees them, and
 * trained as floats behind that. With a density it prunes, too, further and further while it trains.
 *
 * The result is the best epoch by samples held out of training. A signal ends training early: the best epoch so far is
 * the result then, and only without one it is an error.
 *
 * Source: Han, Pool, Tran & Dally 2015; Deep Compression (Han, Mao & Dally 2016), §3.3, "trained quantisation"; Hinton,
 * Vinyals & Dean 2015 for distillation; number formats: see `openQuantized`, `scalesOf` and `fixedAt`.
 *
 * @throws RangeError if an option is out of its range; FxqError `UNSUPPORTED` where an operator has no gradient rule, `CONFIG`, `DATASET`,
 *   `RUNTIME`, `MISSING_PACKAGE`, `ABORTED`
 *
 * @example
 * const dataset = npzDataset(await readFile('images.npz'));
 * const stage = tune({ dataset, teacher: openOnnx(original), epochs: 5 });
 * const tuned = await stage.run(openOnnx(pruned));
 */
export function tune(options: TuneOptions): Stage {
  checkTuneOptions(options);
  return {
    name: NAME,
    async run(model, context = {}) {
      const { signal, onProgress, onNote } = context;
      const { training, state, subject, rounded, release } = await prepareTraining(model, options, context);
      try {
        const onEpoch = async (epoch: Epoch) => {
          await options.onEpoch?.(epoch);
          await options.onCheckpoint?.(writeCheckpoint(state, subject));
        };
        await train(training, state, { signal, onStep: onProgress, onEpoch });
      } catch (error) {
        const isStopped = error instanceof FxqError && error.code === 'ABORTED' && state.best !== undefined;
        if (!isStopped) throw error;
        onNote?.(`stopped after ${state.epoch} of ${training.settings.epochs} epochs; this is the best of them`);
      } finally {
        await release();
      }
      const best = present(state.best);
      const { epochs, scope, seed, loss, scales, regrow, reassign, statistics } = training.settings;
      const { density, incremental } = options;
      const settings = {
        epochs,
        best: best.epoch,
        loss,
        density,
        scope,
        regrow,
        scales,
        incremental,
        reassign,
        statistics,
        seed,
      };
      const { parameters } = training;
      const unfolded = withValues(model, parameters, best, options);
      const trained = statistics === 'folded' ? foldTrained(unfolded, parameters, best, onNote) : unfolded;
      const { range, percentile, scaling } = options;
      const formats = rounded && formatRecord(model, rounded, { range, percentile, scaling }, TUNE_DEFAULTS);
      return withRecord(
        formats === undefined ? trained : withRecord(trained, formats),
        // How many epochs there were is always told.
        recordOf(NAME, settings, { ...TUNE_DEFAULTS, epochs: undefined }),
      );
    },
  };
}

function withValues(
  model: Model,
  parameters: readonly Parameter[],
  { values }: Best,
  { include = TRAINED, exclude }: TuneOptions,
): Model {
  const payloads = new Map<Tensor, Uint8Array>();
  for (const [i, { tensor, payloadOf }] of parameters.entries()) {
    payloads.set(tensor, payloadOf ? payloadOf(values[i]) : writeWeights(tensor, values[i]));
  }
  // What could not be trained, as inside a branch, goes along with what it was the same as.
  const select = selector({ include, exclude }, {}, []);
  for (const group of twinsAmong(model.tensors.filter((tensor) => isPatchable(tensor) && select(tensor)))) {
    const trained = group.map((tensor) => payloads.get(tensor)).find(Boolean);
    if (trained) for (const tensor of group) if (!payloads.has(tensor)) payloads.set(tensor, trained);
  }
  return withPayloads(model, payloads);
}
