/**
 * transformers.js with containers in place of models.
 *
 * @module fxq-compress/transformers
 */
export type { AnyCache, Cache, TransformersEnv } from './env.js';
export { type UseFxqOptions, useFxq } from './use-fxq.js';
