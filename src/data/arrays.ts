import type { Port } from '../onnx/interface.js';

/** Chooses among the names of arrays those that are of use. */
export type ArrayPicker = (names: readonly string[]) => readonly string[];

/** What labels are called elsewhere. */
const LIKE_LABELS =
  /^(y|label|target|class|classes|targets|truth|gt|y_?(true|test|train|val)|(test|train|val)_?labels)$/i;

/**
 * Picks the arrays that a model's inputs are named after, and `labels`. What is left over is named in a note, once, and
 * asked about where it is called as labels are elsewhere. Where no name fits, all are picked: a single array feeds a
 * single input whatever it is called, and several are refused by name when they are fed.
 *
 * @param file - for messages
 * @example
 * const pick = arrayPicker(readInterface(model).inputs, 'test.npz', console.warn);
 * pick(['x', 'y']); // ['x'], and a warning that asks whether y holds the labels
 */
export function arrayPicker(
  inputs: readonly Port[],
  file: string,
  onNote: ((text: string) => void) | undefined,
): ArrayPicker {
  const wanted = new Set(inputs.map(({ name }) => name));
  const said = new Set<string>();
  const say = (text: string) => {
    if (!said.has(text)) onNote?.(text);
    said.add(text);
  };
  return (names) => {
    const hasLabels = names.includes('labels');
    const used = names.filter((name) => wanted.has(name));
    if (used.length === 0) return names;
    const rest = names.filter((name) => !wanted.has(name) && name !== 'labels');
    const asked = hasLabels ? [] : rest.filter((name) => LIKE_LABELS.test(name));
    for (const name of asked) {
      say(`warning: ${file}: '${name}' is not used; does it hold the labels? If so, save it under the name 'labels'`);
    }
    const unused = rest.filter((name) => !asked.includes(name)).map((name) => `'${name}'`);
    if (unused.length > 0) {
      say(`warning: ${file}: not used, since no input of the model has such a name: ${unused.join(', ')}`);
    }
    return [...used, ...(hasLabels ? ['labels'] : [])];
  };
}
