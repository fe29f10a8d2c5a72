import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { Runtime } from '../../src/runtime/runtime.js';

/** ONNX Runtime, once it is needed: fourteen megabytes of WebAssembly. */
export async function loadRuntime(): Promise<Runtime> {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.wasmPaths = { wasm };
  // One thread does without headers that a static server does not send.
  ort.env.wasm.numThreads = 1;
  return ort;
}
