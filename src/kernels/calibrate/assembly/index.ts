// Calibration's kernels as WebAssembly: no runtime, no imports, no objects; all memory is laid out by ../wasm.ts.
// What is called often is exported even if only this module calls it: an inlined loop could not be optimised while it runs.

export { addRows, factorPanel, invertPanel, solveRow, subtractRow } from './factor';
export { multiply, strip } from './product';
export { descendRow, quantiseRow } from './symbols';
