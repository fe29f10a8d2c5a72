import type { CalibrationKernels } from './kernels.js';
import { referenceKernels } from './reference/kernels.js';
import { compileCalibrationKernels } from './wasm.js';

let loading: Promise<CalibrationKernels> | undefined;

/** The kernels, made at the first call: WebAssembly, or the reference where that is missing or forbidden. */
export function loadCalibrationKernels(): Promise<CalibrationKernels> {
  loading ??= compileCalibrationKernels().catch(() => referenceKernels);
  return loading;
}
