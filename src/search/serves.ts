import { type InputKind, isRate, kindOf } from '../data/synthetic/kinds.js';
import { RATE } from '../data/synthetic/sound.js';
import type { Model } from '../model/model.js';
import type { Interface } from '../onnx/interface.js';

/** Kinds of inputs for which there are synthetic ones that have been shown to serve. */
export type Servable = Extract<InputKind, 'pictures' | 'sound' | 'tokens'>;

/** What to make for a model. */
export interface Serving {
  readonly kind: Servable;
  /** Samples of sound a second, one value a search: where a model is told the rate, it may have weights for each. */
  readonly rates: readonly number[];
}

/** Models of more weights take minutes. */
const MOST_WEIGHTS = 8e6;

/** What serves a model, where inputs can be made for it; otherwise in words why not. */
export function servingOf(model: Model, { inputs }: Interface): Serving | string {
  const kinds = new Set(inputs.map(kindOf));
  const hasState = kinds.delete('state');
  kinds.delete('control');
  const [kind, ...others] = kinds;
  if (others.length > 0 || (kind !== 'pictures' && kind !== 'sound' && kind !== 'tokens')) {
    const taken = [...kinds].map((each) => NAMES[each]).join(' and ');
    return taken
      ? `it takes ${taken}, for which no inputs are made`
      : 'it takes no pictures, sound or words, and inputs are made of nothing else';
  }
  if (hasState && kind !== 'sound') return `it keeps a state between ${NAMES[kind]}, for which no inputs are made`;
  if (model.files.length > 1) return 'it has external data';
  const weights = model.tensors.reduce((sum, { role, count }) => sum + (role === 'weight' ? count : 0), 0);
  if (weights > MOST_WEIGHTS) return `it has ${(weights / 1e6).toFixed(0)} million weights, which would take minutes`;
  return { kind, rates: kind === 'sound' && inputs.some(({ name }) => isRate(name)) ? [RATE, RATE / 2] : [RATE] };
}

const NAMES: Readonly<Record<InputKind, string>> = {
  pictures: 'pictures',
  sound: 'sound',
  tokens: 'tokens',
  state: 'a state',
  control: 'a setting',
  features: 'feature vectors, whose scale nothing tells',
};
