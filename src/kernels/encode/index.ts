import { atOnce } from '../../breather.js';
import { orReference } from '../loader.js';
import type { EncodeKernels } from './kernels.js';
import { referenceKernels } from './reference/kernels.js';
import { compileEncodeKernels } from './wasm.js';

let made: EncodeKernels | undefined;

/** The kernels, made at the first call: WebAssembly, or the reference where that is missing or forbidden. */
export function encodeKernels(): EncodeKernels {
  made ??= orReference(compileEncodeKernels, referenceKernels);
  return made;
}

/** Squeezes bytes without a pause. */
export function squeeze(bytes: Uint8Array): Uint8Array {
  return atOnce(encodeKernels().squeeze(bytes));
}
