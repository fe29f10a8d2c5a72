import { planValues } from '../calibrate/ranges/plan.js';
import { decibels } from '../evaluate/fidelity.js';
import { insertSwitched } from '../graph/simulate/insert-switched.js';
import { withSettledOpset } from '../graph/upgrade.js';
import { present } from '../guards.js';
import type { Model } from '../model/model.js';
import type { Pair } from './layers.js';
import type { InputFigures, SensitivityOptions } from './options.js';

/** A model whose values can be rounded one by one. */
export interface SwitchedInputs {
  readonly model: Model;
  /** What switches them, each in its two states: a number that the model stores. */
  readonly pairs: readonly Pair[];
  /** What there is to tell of each value, by the names of these numbers. */
  readonly figures: ReadonlyMap<string, InputFigures>;
}

/** Makes rounding of what layers take in something that can be switched on as a layer's weights can; first and last layer are among them. */
export async function switchInputs(original: Model, options: SensitivityOptions): Promise<SwitchedInputs> {
  const { inputs: format = '', limit, signal } = options;
  const model = withSettledOpset(original);
  const whole = { first: format, last: format, isWhole: false };
  const found = await planValues(model, { ...options, ...whole, samples: limit }, { ...(signal && { signal }) });
  const { plan, free } = found;
  const switched = insertSwitched(model, plan);
  const freeOf = new Map(free.map((value) => [value.name, value]));
  const opOf = new Map(plan.sites.map(({ value, node }) => [value, node.opType ?? '']));
  const pairs: Pair[] = [];
  const figures = new Map<string, InputFigures>();
  for (const tensor of switched.model.tensors) {
    const name = switched.switches.get(tensor.name);
    if (name === undefined) continue;
    const { count, roundedTo } = present(freeOf.get(name));
    const { rounding, noise } = roundedTo(format);
    const on = new Uint8Array(Float32Array.of(1).buffer);
    pairs.push({ tensor, compressed: { ...tensor, payload: { read: () => on } } });
    figures.set(tensor.name, {
      ...{ name, op: opOf.get(name) ?? '', numbers: count, format: rounding.format },
      inputSnr: decibels(1, noise),
    });
  }
  return { model: switched.model, pairs, figures };
}
