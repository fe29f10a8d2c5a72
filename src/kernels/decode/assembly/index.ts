// The kernels as WebAssembly: no runtime, no imports, no objects; all memory is laid out in ../memory.ts.

export { runContexts } from './contexts';
export { pairs1, pairs2, pairs4 } from './pairs';
export { runMulti, runNarrow, runSingle } from './runs';
export { scale } from './scale';
export { build, narrowRows, wideRows } from './tables';
export { countKept, expand1, expand2, expand4, interleave, unpack } from './units';
export { stripes } from './xxh32';
