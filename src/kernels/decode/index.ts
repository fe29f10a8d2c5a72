import type { Kernels } from './kernels.js';
import { referenceKernels } from './reference/kernels.js';
import { compileKernels } from './wasm.js';

let loading: Promise<Kernels> | undefined;

/** The kernels, made at the first call: WebAssembly, or the reference where that is missing or forbidden. */
export function loadKernels(): Promise<Kernels> {
  loading ??= compileKernels().catch(referenceKernels);
  return loading;
}
