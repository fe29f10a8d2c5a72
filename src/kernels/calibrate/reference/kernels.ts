import type { CalibrationKernels } from '../kernels.js';
import { inverseFactor, product, timesInverse } from './linear.js';
import { descend, quantise } from './symbols.js';

export const referenceKernels: CalibrationKernels = { inverseFactor, product, timesInverse, quantise, descend };
