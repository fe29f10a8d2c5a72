import { toPlanes } from '../../../binary/planes.js';
import type { EncodeKernels } from '../kernels.js';
import { assign, share } from './assign.js';
import { encodePairs, encodeRun } from './codes.js';
import { lloyd, squaredError } from './lloyd.js';
import { forecast } from './lzma/forecast.js';
import { squeezeInPasses } from './lzma/passes.js';
import { squeezePass } from './lzma/squeeze.js';
import { countMagnitudes, countWithin, firstNotFinite, zeroBelow } from './magnitude.js';
import { sort } from './sort.js';
import { countBytes, countRuns, findValues, maskOf, relabel, withoutZeros } from './symbols.js';

/** The kernels in plain TypeScript. */
export const referenceKernels: EncodeKernels = {
  sort,
  lloyd,
  squaredError,
  assign,
  share,
  firstNotFinite,
  countMagnitudes,
  countWithin,
  zeroBelow,
  findValues,
  relabel,
  countBytes,
  toPlanes,
  forecast,
  countRuns,
  maskOf,
  withoutZeros,
  encodeRun,
  encodePairs,
  squeeze: (bytes) => squeezeInPasses(bytes.length, (byBefore) => squeezePass(bytes, byBefore)),
};
