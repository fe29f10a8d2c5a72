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
  } catch (error) {
    // An error would lose its fields on the way; they are an FxqError's code, tensor and offset.
    const { name, message, cause: _, ...fields } = { ...error, name: error.name, message: error.message };
    self.postMessage({ error: { name, message, fields } });
  }
};
