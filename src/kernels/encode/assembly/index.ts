// The kernels of compressing as WebAssembly: no runtime, no imports, no objects; all memory is laid out in ../memory.ts.

export { assign, share } from './assign';
export { encode8, encode16 } from './codes';
export { forecast, forecastRepeats } from './forecast';
export { lloyd, squaredError } from './lloyd';
export { countMagnitudes, countWithin, firstNotFinite, zeroBelow } from './magnitude';
export { toPlanes } from './planes';
export { countPairs, countRuns, encodePairs, maskOf } from './runs';
export { sort } from './sort';
export { squeezeEnd, squeezeStart, squeezeWindow } from './lzma/squeeze';
export { countBytes, relabel, withoutZeros } from './symbols';
export { findValues1, findValues2, findValues4 } from './values';
