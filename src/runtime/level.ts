import type { Model } from '../model/model.js';
import { readRecords, recordsIn } from '../onnx/metadata.js';
import type { SessionOptions } from './session.js';

/** Models that round values as floats, as `simulate` has recorded them. */
const SIMULATED = /^simulate\b.*\bas=(?:fake|packed)\b/;

/**
 * The level of optimisation at which sums keep their order. At ONNX Runtime's own, convolutions add up by blocks, and what lies next to
 * the border of two numbers is rounded otherwise.
 */
export const EXTENDED: Pick<SessionOptions, 'session'> = { session: { graphOptimizationLevel: 'extended' } };

/** What a session on a model needs beside. */
export function levelFor(model: Model | Uint8Array | string): Pick<SessionOptions, 'session'> {
  return isSimulated(model) ? EXTENDED : {};
}

/** Whether a model rounds values as it runs, in floats; of one that is given as a path nothing is known. */
export function isSimulated(model: Model | Uint8Array | string): boolean {
  return typeof model !== 'string' && recordsOf(model).some(({ text }) => SIMULATED.test(text));
}

function recordsOf(model: Model | Uint8Array): readonly { readonly text: string }[] {
  if (!(model instanceof Uint8Array)) return readRecords(model);
  try {
    return recordsIn(model);
  } catch {
    // What is no model is for ONNX Runtime to refuse.
    return [];
  }
}
