import { decodeForOrt } from 'fxq-compress/decode';

/**
 * Downloads a container and decodes it while it arrives. With `worker` the page stays free however large the model is.
 *
 * @param {string} url
 * @param {import('fxq-compress/decode').WorkerOptions & { bytesPerSecond?: number }} options
 */
export async function load(url, { bytesPerSecond, ...options } = {}) {
  const response = await fetch(url, { signal: options.signal });
  return decodeForOrt(bytesPerSecond ? slowed(response, bytesPerSecond) : response, options);
}

/** The same response as over a slow line, to see the progress. An app has no use for this. */
function slowed(response, bytesPerSecond) {
  const step = Math.max(1, bytesPerSecond / 20);
  const slow = new TransformStream({
    async transform(chunk, controller) {
      for (let at = 0; at < chunk.length; at += step) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        controller.enqueue(chunk.subarray(at, at + step));
      }
    },
  });
  return new Response(response.body.pipeThrough(slow), response);
}
