// Decodes what the test names, and tells it in plain data how that went.
import { FxqError } from 'fxq-compress/decode';
import { load } from '../../../examples/browser/src/load.js';
import { loadInWorker } from '../../../examples/browser/src/load-in-worker.js';

window.decodeUrl = async ({ url, inWorker = false, abortAt = Number.POSITIVE_INFINITY, watch = false }) => {
  const abort = new AbortController();
  const progress = [];
  const onProgress = (event) => {
    progress.push(event);
    if (event.phase === 'download' && event.loaded >= abortAt) abort.abort();
  };
  try {
    const work = () => (inWorker ? loadInWorker : load)(url, { signal: abort.signal, onProgress });
    // Hashing holds the page, too, and is not what is watched.
    const { longest, result: onnx } = watch ? await window.longestBlock(work) : { result: await work() };
    return { progress, longest, hash: await sha256(onnx), bytes: onnx.length };
  } catch (error) {
    const { name, code, offset } = error;
    return { progress, error: { name, code, offset, isFxqError: error instanceof FxqError } };
  }
};

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
