// Decodes what the test names, and tells it in plain data how that went.
import { decode, decodeForOrt, FxqError } from 'fxq-compress/decode';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';

ort.env.wasm.wasmPaths = { wasm };
ort.env.wasm.numThreads = 1;

window.decodeUrl = async ({ url, inWorker = false, abortAt = Number.POSITIVE_INFINITY, arrivedAt, watch = false }) => {
  const abort = new AbortController();
  const progress = [];
  const onProgress = (event) => {
    progress.push(event);
    if (event.phase === 'download' && event.loaded >= abortAt) abort.abort();
  };
  try {
    const { signal } = abort;
    const source = arrivedAt ? counted(await fetch(url, { signal }), arrivedAt, () => fetch(`${url}?arrived`)) : url;
    const work = () => decode(source, { signal, onProgress, worker: inWorker });
    // Hashing holds the page, too, and is not what is watched.
    const { longest, result: onnx } = watch ? await window.longestBlock(work) : { result: await work() };
    return { progress, longest, hash: await sha256(onnx), bytes: onnx.length };
  } catch (error) {
    const { name, code, offset } = error;
    return { progress, error: { name, code, offset, isFxqError: error instanceof FxqError } };
  }
};

/** The same response; calls `then` when so many bytes of it have arrived, which progress, once a frame, may leave out. */
function counted(response, bytes, then) {
  let arrived = 0;
  const count = new TransformStream({
    transform(chunk, controller) {
      arrived += chunk.length;
      controller.enqueue(chunk);
      if (arrived === bytes) then();
    },
  });
  return new Response(response.body.pipeThrough(count));
}

/** What a model makes of fixed inputs: as one file, or as a model and its payloads. All outputs, as plain arrays. */
window.runUrl = async ({ url, inWorker = false, forOrt, inputs }) => {
  const response = await fetch(url);
  const { model, externalData } = forOrt
    ? await decodeForOrt(response, { worker: inWorker })
    : { model: await decode(response, { worker: inWorker }), externalData: [] };
  const session = await ort.InferenceSession.create(model, { externalData, executionProviders: ['wasm'] });
  const feeds = Object.entries(inputs).map(([name, { type, value, dims }]) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const data =
      type === 'int64'
        ? new BigInt64Array(count).fill(BigInt(value))
        : Float32Array.from({ length: count }, (_, i) => value * Math.sin(i));
    return [name, new ort.Tensor(type, data, dims)];
  });
  const results = await session.run(Object.fromEntries(feeds));
  const outside = externalData.reduce((sum, { data }) => sum + data.length, 0);
  return { outside, outputs: Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]])) };
};

/** Whether workers can be started here. */
window.hasWorkers = () =>
  new Promise((resolve) => {
    const worker = new Worker(new URL('./probe.js', import.meta.url), { type: 'module' });
    worker.onmessage = () => resolve(true);
    worker.onerror = () => resolve(false);
  });

/** The longest time, in milliseconds, that a task held the page while `work` ran; 0 for less than 50. */
window.longestBlock = async (work) => {
  let longest = 0;
  const note = (entries) => {
    for (const { duration } of entries) longest = Math.max(longest, duration);
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: 'longtask' });
  // What the debugger calls is no task; what a timer calls is.
  await new Promise((resolve) => setTimeout(resolve));
  const result = await work();
  // Entries arrive after the task they are about.
  await new Promise((resolve) => setTimeout(resolve, 200));
  note(observer.takeRecords());
  observer.disconnect();
  return { longest, result };
};

window.hasWasm = () =>
  WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)).then(
    () => true,
    () => false,
  );

window.isReady = true;

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
