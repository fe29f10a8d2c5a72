import { FxqError } from '../errors.js';
import { trainableInputs } from '../gradient/backward.js';
import { judgedOutputs, type OutputOptions } from '../gradient/outputs.js';
import { openModel, trainable } from '../graph/open-model.js';
import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { selector } from '../model/selectors.js';
import { twinsAmong } from '../model/twins.js';
import { isPatchable } from '../model/weights.js';
import type { TensorFormat } from '../quantize/record.js';
import type { StageContext } from '../stages/stage.js';
import { type Folding, openFolded } from './folded.js';
import { type TrainedFormats, trainedFormat } from './formats.js';
import { openIntegers } from './integers.js';
import { openParameter, openTwin } from './open-parameter.js';
import type { Moved } from './optimiser.js';
import { type Settled, TRAINED, type TuneOptions } from './options.js';
import type { Parameter } from './parameter.js';
import { openQuantized, type TrainedFormat } from './quantized.js';
import type { TrainedGraph } from './trained-graph.js';

/**
 * Opens all that is selected of what the loss depends on, each as what it is: floats, integers, or weights of a format.
 *
 * @throws FxqError `UNSUPPORTED` where there is nothing, `CONFIG` where nothing of it is selected
 */
export function openParameters(
  graph: TrainedGraph,
  options: TuneOptions,
  judged: OutputOptions,
  formats: TrainedFormats,
  normalised: Normalised,
): Parameter[] {
  const { include = TRAINED, exclude } = options;
  const isTrained = selector({ include, exclude }, {}, []);
  const model = openModel(graph.open);
  const names = trainable(model, trainableInputs(model.builder, judgedOutputs(model, judged)));
  const candidates = names.flatMap((name) => {
    const tensor = graph.stored.get(name)?.tensor;
    return tensor && (isPatchable(tensor) || graph.integers.has(name)) ? [{ name, tensor }] : [];
  });
  if (candidates.length === 0) {
    throw new FxqError(
      'UNSUPPORTED',
      'tune: the loss depends on no stored floats of the model, nor on integers that a DequantizeLinear makes floats of; others are not trained',
    );
  }
  const chosen = candidates.filter(({ tensor }) => isTrained(tensor));
  const open = (name: string, tensor: Tensor) => {
    const integers = graph.integers.get(name);
    if (integers) return openIntegers(name, integers);
    const layer = formats.layers.get(tensor);
    const format = layer && trainedFormat(layer, options);
    if (!format) return openParameter(name, tensor, options.reassign);
    return openRounded({ name, tensor, format, isPruned: formats.arePruned }, normalised);
  };
  if (chosen.length > 0) return tied(chosen, open, normalised);
  throw new FxqError('CONFIG', 'tune: no selected tensor of the model is one that the loss depends on');
}

/** What is folded while it is trained, and the numbers of a stored tensor as they are now, by its name in the graph. */
export interface Normalised {
  readonly foldings: ReadonlyMap<Tensor, Folding>;
  readonly valuesOf: (name: string) => Float32Array;
}

interface Rounded {
  readonly name: string;
  readonly tensor: Tensor;
  readonly format: TrainedFormat;
  readonly isPruned: boolean;
}

function openRounded({ name, tensor, format, isPruned }: Rounded, { foldings, valuesOf }: Normalised): Parameter {
  const folding = foldings.get(tensor);
  if (!folding) return openQuantized(name, tensor, format, isPruned);
  if (format.format.isBounded) {
    const message = `tune: ${tensor.name}: the values of ${format.format.name} have no scale that a factor could be folded into; give statistics batch, or another format`;
    throw new FxqError('CONFIG', message, { tensor: tensor.name, actual: format.format.name });
  }
  return openFolded(openQuantized(name, folding.folded, format, isPruned), tensor, folding, valuesOf);
}

/** Parameters of the same bytes move together, as one that is read in several places; those that are folded have factors of their own. */
function tied(
  chosen: readonly { name: string; tensor: Tensor }[],
  open: (name: string, tensor: Tensor) => Parameter,
  { foldings }: Normalised,
): Parameter[] {
  const groups = twinsAmong(chosen.map(({ tensor }) => tensor).filter((tensor) => !foldings.has(tensor)));
  const firstOf = new Map(groups.flatMap(([first, ...others]) => others.map((other) => [other, first])));
  const opened = new Map<Tensor, Parameter>();
  for (const { name, tensor } of chosen) {
    const first = firstOf.get(tensor);
    opened.set(tensor, first ? openTwin(name, tensor, present(opened.get(first))) : open(name, tensor));
  }
  return [...opened.values()];
}

/** What the optimiser moves, the numbers of formats behind all weights. */
export function movedOf(parameters: readonly Parameter[], kind: Settled['optimiser'], weightDecay: number): Moved[] {
  const ofWeights = parameters.map(({ free, tensor, isBounded }) => {
    const decay = tensor.role === 'weight' && !isBounded ? weightDecay : 0;
    return { free, decay, rate: isBounded ? boundedRate(tensor, kind) : 1 };
  });
  return [...ofWeights, ...parameters.map(({ scales = new Float32Array() }) => ({ free: scales, decay: 0 }))];
}

/**
 * Weights that fill the bounds from −1 to 1 are larger than those that layers of this width start with, and take longer
 * steps by the same ratio; with plain gradients by its square.
 *
 * Source: Courbariaux, Bengio & David 2015, §2.5, with the coefficients of Glorot & Bengio 2010.
 */
function boundedRate({ dims }: Tensor, kind: Settled['optimiser']): number {
  const [one = 1, other = 1, ...window] = dims;
  const ratio = Math.sqrt(((one + other) * window.reduce((a, b) => a * b, 1)) / 1.5);
  return kind === 'sgd' ? ratio ** 2 : ratio;
}

/** Which parameters are rounded; what was to be and is not trained is told. */
export function roundedAmong(
  parameters: readonly Parameter[],
  { layers, areNew }: TrainedFormats,
  onNote: StageContext['onNote'],
): Map<Tensor, TensorFormat> {
  const trained = new Set(parameters.map(({ tensor }) => tensor));
  const rounded = new Map<Tensor, TensorFormat>();
  for (const [tensor, layer] of layers) {
    if (trained.has(tensor)) rounded.set(tensor, layer);
    else if (areNew)
      onNote?.(`${tensor.name}: not trained, so it stays as it is and is not rounded to ${layer.weights}`);
  }
  return rounded;
}
