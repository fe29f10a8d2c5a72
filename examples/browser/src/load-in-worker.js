import { FxqError } from 'fxq-compress/decode';

/** As `load`, in a worker of its own: the page stays free however large the model is. */
export function loadInWorker(url, { signal, onProgress, ...options } = {}) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const stop = () => worker.postMessage('abort');
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data: { progress, onnx, error } }) => {
      if (progress) onProgress?.(progress);
      else if (onnx) resolve(onnx);
      else reject(toError(error));
    };
    worker.onerror = ({ message }) => reject(new Error(message || 'the worker did not start'));
  });
  signal?.addEventListener('abort', stop);
  worker.postMessage({ url: new URL(url, document.baseURI).href, options });
  if (signal?.aborted) stop();
  return answer.finally(() => {
    signal?.removeEventListener('abort', stop);
    worker.terminate();
  });
}

function toError({ name, message, fields: { code, ...details } }) {
  if (name === 'FxqError') return new FxqError(code, message, details);
  return Object.assign(new Error(message), { name });
}
