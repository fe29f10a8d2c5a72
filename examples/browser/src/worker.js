// The worker's side of load-in-worker.js.
import { load } from './load.js';

const abort = new AbortController();

self.onmessage = async ({ data }) => {
  if (data === 'abort') return abort.abort();
  const onProgress = (progress) => self.postMessage({ progress });
  try {
    const onnx = await load(data.url, { ...data.options, signal: abort.signal, onProgress });
    // Transferred, not copied.
    self.postMessage({ onnx }, [onnx.buffer]);
  } catch ({ name, code, message }) {
    self.postMessage({ error: { name, code, message } });
  }
};
