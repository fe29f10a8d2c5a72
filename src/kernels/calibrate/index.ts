import { orReference } from '../loader.js';
import type { CalibrationKernels } from './kernels.js';
import { referenceKernels } from './reference/kernels.js';
import { compileCalibrationKernels } from './wasm.js';

let made: CalibrationKernels | undefined;

/** The kernels, made at the first call: WebAssembly, or the reference where that is missing or forbidden. */
export function calibrationKernels(): CalibrationKernels {
  made ??= orReference(compileCalibrationKernels, referenceKernels);
  return made;
}
