export type { AnyCache, Cache, TransformersEnv } from './env.js';
export { type UseFxqOptions, useFxq } from './use-fxq.js';
