import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const load = createRequire(import.meta.url);

/** The package yaml, loaded when a config is first read or written: that takes longer than most commands need to start. */
export function yaml(): typeof Yaml {
  return load('yaml');
}
