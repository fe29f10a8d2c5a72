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
