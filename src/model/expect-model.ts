import { FxqError } from '../errors.js';
import { fieldOf } from '../guards.js';
import type { Model } from './model.js';

/**
 * Checks that a model was opened, for callers whom no types hold to it.
 *
 * @param subject - the function that takes it
 * @param others - what it takes besides, in words
 * @throws FxqError `CONFIG`, with how a model is opened
 */
export function expectModel(subject: string, value: Model, others = ''): void {
  if (Array.isArray(fieldOf(value, 'files')) && Array.isArray(fieldOf(value, 'tensors'))) return;
  const message = `${subject}: expected an opened model${others}, got ${kindOf(value)}; openOnnx(await readFile('model.onnx')) opens one`;
  throw new FxqError('CONFIG', message, { expected: 'Model', actual: value });
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'a string';
  if (value instanceof Uint8Array) return 'the bytes of a file';
  if (value instanceof Promise) return 'a promise (await it)';
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
}
