import type { Model } from '../../model/model.js';
import { edit } from '../edit/edit.js';
import { editEmitter } from './emitter.js';
import { emitRounded, interposeAll } from './insert-fake.js';
import type { RoundingPlan } from './plan.js';

/** A model whose values are rounded where a number that it stores says so. */
export interface SwitchedModel {
  readonly model: Model;
  /** The values, by the names of these numbers: 0 as stored, 1 to have them rounded. */
  readonly switches: ReadonlyMap<string, string>;
}

/**
 * Puts fake quantisation before layers that can be switched on and off, each value by itself: off, the model answers as before, bit for
 * bit.
 *
 * @param model - of operator set 11 or later
 */
export function insertSwitched(model: Model, plan: RoundingPlan): SwitchedModel {
  const editor = edit(model);
  const { graph } = editor;
  const switches = new Map<string, string>();
  interposeAll(editor, plan, (value) => {
    const emitter = editEmitter(editor, graph, `${value}/fake`);
    const rounded = emitRounded(emitter, plan, value, value);
    const bytes = new Uint8Array(Float32Array.BYTES_PER_ELEMENT);
    const state = graph.store(`${value}/isRounded`, { dtype: 'float32', dims: [], bytes });
    switches.set(state, value);
    return emitter.emit('Where', [emitter.emit('Greater', [state, emitter.float(0.5)]), rounded, value]);
  });
  return { model: editor.finish(), switches };
}
