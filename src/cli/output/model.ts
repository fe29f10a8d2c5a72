import type { Model } from '../../model/model.js';
import { openOnnxFile } from '../../onnx/files.js';
import { withoutInputs } from '../inputs.js';
import { isTaken, type OutputPlan, planOutput, takenError } from './plan.js';

/**
 * Plans where a model goes, with its external data. What is there already under the names of that stays, unless it is the
 * data of the model that is to be replaced, or all is to be replaced.
 *
 * @throws UsageError, FxqError `IO`
 */
export function planModel(path: string, { files }: Model, force = false): OutputPlan {
  const external = files.slice(1).map(({ name }) => name);
  let known: ReadonlySet<string> | undefined;
  const mayReplace = (location: string) => {
    known ??= dataOf(path);
    return force || known.has(location);
  };
  const plan = planOutput(path, { external, mayReplace, kind: 'ONNX' });
  for (const target of plan.targets) if (!target.mayReplace && isTaken(target.path)) throw takenError(target.path);
  return plan;
}

/** The names of the external data of the model at a path, if there is one. */
function dataOf(path: string): ReadonlySet<string> {
  return withoutInputs(() => {
    try {
      const { model, close } = openOnnxFile(path);
      close();
      return new Set(model.files.slice(1).map(({ name }) => name));
    } catch {
      return new Set();
    }
  });
}
