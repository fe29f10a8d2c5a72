/**
 * The other side of offload.ts: what runs in a worker of the web or a thread of Node, for any number of models. It also does
 * what `fxq-compress/decode/worker` does, so that an app may have one worker for all.
 *
 * @module fxq-compress/worker
 */
import { concat } from './binary/bytes.js';
import { serveDecode } from './decode/serve.js';
import { inspectContainer, inspectOnnx } from './inspect/inspect.js';
import type { Answer, Delivery, Order } from './offload.js';
import { encode } from './pipeline/compress.js';
import type { Runtime } from './runtime/runtime.js';
import { type CompressOptions, compress } from './search/compress.js';

/** Where messages to this worker arrive. */
const scope = (globalThis.process?.getBuiltinModule?.('worker_threads').parentPort ?? self) as unknown as MessagePort;

let shared: Runtime | undefined;

/**
 * Tells a worker of your own which ONNX Runtime it has, for work that runs the model; a worker cannot be given one.
 *
 * @example
 * // my-worker.js, for `compress(bytes, { worker: new Worker(new URL('./my-worker.js', import.meta.url), { type: 'module' }) })`
 * import { useRuntime } from 'fxq-compress/worker';
 * import * as ort from 'onnxruntime-web';
 * useRuntime(ort);
 */
export function useRuntime(runtime: Runtime): void {
  shared = runtime;
}

const WORK: Readonly<Record<string, (input: Uint8Array, options: object) => Promise<object> | object>> = {
  encode,
  inspectOnnx,
  inspectContainer,
  compress: (input, options: CompressOptions) =>
    compress(
      input,
      options.synthetic === false ? options : { ...options, synthetic: { runtime: shared, ...options.synthetic } },
    ),
};

scope.onmessage = ({ data }: MessageEvent<Order | Parameters<typeof serveDecode>[0]>) =>
  'work' in data ? serve(data) : serveDecode(data);

async function serve({ work, options, calls, port }: Order): Promise<void> {
  const say = (answer: Answer, transfer: Transferable[] = []) => port.postMessage(answer, transfer);
  const stop = new AbortController();
  const input = received(port, stop);
  say({ isReady: true });
  try {
    for (const call of calls) putBack(options, call.split('.'), (value) => say({ call, value }));
    const result = await WORK[work](await input, { ...options, signal: stop.signal });
    say({ result }, memoryOf(result));
  } catch (problem) {
    const { name, message, cause, ...fields } = problem as Required<Answer>['error'];
    say({ error: { ...fields, name, message, ...(cause !== undefined && { cause: String(cause) }) } });
  }
}

/** The input, once all of it is here. */
function received(port: MessagePort, stop: AbortController): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    const add = async (data: Exclude<Delivery, boolean>) =>
      pieces.push(data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data);
    let last: Promise<unknown> = Promise.resolve();
    port.onmessage = ({ data }: MessageEvent<Delivery>) => {
      if (data === false) stop.abort();
      else if (data === true) last.then(() => resolve(pieces.length === 1 ? pieces[0] : concat(pieces)), reject);
      else last = Promise.all([last, add(data)]);
    };
  });
}

/** Puts a function to its place in the options, which are this worker's own. */
function putBack(options: object, [key, ...rest]: string[], call: (value: unknown) => void): void {
  if (rest.length === 0) Object.assign(options, { [key]: call });
  else putBack(Object(options)[key], rest, call);
}

/** The memory of a result that is handed over. */
function memoryOf(result: object): Transferable[] {
  const bytes = result instanceof Uint8Array ? result : Object(result).container;
  return bytes instanceof Uint8Array ? [bytes.buffer as ArrayBuffer] : [];
}
