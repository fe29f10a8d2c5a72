import { type DType, dataTypeOf } from '../../binary/dtype.js';
import type { Model } from '../../model/model.js';
import { int } from '../attributes.js';
import { edit, type ModelEditor } from '../edit/edit.js';
import { type Emitter, editEmitter } from './emitter.js';
import { emitFake } from './fake.js';
import { type RoundingPlan, readersOf, siteKey } from './plan.js';

/**
 * Puts fake quantisation before layers: what a value becomes on the grid of its format, as floats. It runs wherever the
 * model does.
 *
 * @param model - of operator set 11 or later
 */
export function insertFake(model: Model, plan: RoundingPlan): Model {
  const editor = edit(model);
  interposeAll(editor, plan, (value) =>
    emitRounded(editEmitter(editor, editor.graph, `${value}/fake`), plan, value, value),
  );
  return editor.finish();
}

/**
 * Appends what a plan makes of a value.
 *
 * @param value - its name in the plan
 * @param source - its name in the graph
 */
export function emitRounded(emitter: Emitter, plan: RoundingPlan, value: string, source: string): string {
  const rounding = plan.values.get(value);
  if (!rounding) return source;
  const type = plan.casts.get(value);
  if (type === undefined) return emitFake(emitter, source, rounding);
  const cast = (from: string, to: DType) => emitter.emit('Cast', [from], [int('to', dataTypeOf(to))]);
  return cast(emitFake(emitter, cast(source, 'float32'), rounding), type);
}

/** Puts something between values and those who are to read them rounded. */
export function interposeAll(editor: ModelEditor, plan: RoundingPlan, build: (value: string) => string): void {
  const { graph } = editor;
  const indexOf = new Map(graph.nodes.map((node, index) => [node, index]));
  for (const [value, readers] of readersOf(plan)) {
    graph.interpose(value, build, ({ node, input }) => {
      if (!node) return false;
      const index = indexOf.get(node);
      return readers === undefined || (index !== undefined && readers.has(siteKey(index, input)));
    });
  }
}
