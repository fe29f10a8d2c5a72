import type { ReadOptions } from '../decode/index.js';
import { Container } from './container.js';
import type { TransformersEnv } from './env.js';
import { placeOf } from './place.js';
import { openStore } from './stores.js';

/** Settings of `useFxq`. */
export type UseFxqOptions = Pick<ReadOptions, 'verify'>;

/** Files that a container stands for: the model, and what ONNX keeps beside it. */
const MODEL = /\.onnx(_data(_\d+)?)?$/;

/**
 * Has transformers.js load `model.fxq` wherever it looks for `model.onnx`, `model_quantized.fxq` for `model_quantized.onnx`, and
 * so on, from the same folder; where there is no such file it loads what it would have loaded. Works for `pipeline()`,
 * `AutoModel` and whatever else loads models, in browsers and in Node. The model is rebuilt while the container arrives,
 * which the `progress_callback` tells in bytes of the model. The container is what is kept, where transformers.js keeps files.
 *
 * @param env - of `@huggingface/transformers`; its `customCache` is taken, and one that was set before serves all other files
 * @throws nothing itself; a container that is damaged is an error of `pipeline()`: FxqError as `decode` does
 *
 * @example
 * import { env, pipeline } from '@huggingface/transformers';
 * import { useFxq } from 'fxq-compress/transformers';
 * useFxq(env);
 * const classify = await pipeline('text-classification', 'my-model', { dtype: 'fp32', progress_callback: console.log });
 */
export function useFxq(env: TransformersEnv, options: UseFxqOptions = {}): void {
  const before = env.useCustomCache ? env.customCache : undefined;
  const store = before ?? openStore(env);
  /** Containers of which something was asked for and nothing read yet, by folder and name. */
  const opened = new Map<string, Container>();
  env.customCache = {
    async match(request) {
      if (!MODEL.test(request)) return store.match(request);
      const address = request.replace(MODEL, '.fxq');
      // The same file is asked for by its path, by its address, or by both in turn.
      const place = placeOf(address, env);
      const container = opened.get(place) ?? (await Container.open(address, env, store, options));
      if (!container) return store.match(request);
      opened.set(place, container);
      const name = request.slice(request.lastIndexOf('/') + 1);
      return container.response(name.endsWith('.onnx') ? '' : name, () => opened.delete(place));
    },
    put: (...given) => store.put(...given),
  };
  env.useCustomCache = true;
}
