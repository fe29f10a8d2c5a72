import { openParameter } from '../../src/tune/open-parameter.js';
import type { Parameter } from '../../src/tune/parameter.js';
import { layers, tensorNamed } from '../stages/support.js';

/** The weights of layers, by the names A, B and so on, as parameters in training. */
export function parametersOf(...rows: (readonly number[] | Float32Array)[]): Parameter[] {
  const model = layers(...rows);
  return rows.map((_, i) => String.fromCharCode(65 + i)).map((name) => openParameter(name, tensorNamed(model, name)));
}
