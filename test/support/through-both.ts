import { expect } from 'vitest';
import type { TensorEntry } from '../../src/container/header.js';
import { decode, inspect } from '../../src/decode/index.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { encode, modelOf } from './container.js';
import { decodeBySpecification } from './specification/container.js';

/** Encodes a tensor, decodes it by the library and by the specification, inspects it; gives its entry and the container. */
export async function throughBoth(
  values: Float32Array,
  dims: number[],
): Promise<{ readonly tensor: TensorEntry; readonly container: Uint8Array }> {
  const model = modelOf(values, dims);
  const container = await encode(model);
  expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
  expect(Buffer.compare(decodeBySpecification(container)[0], model)).toBe(0);
  await inspectContainer(container);
  return { tensor: (await inspect(container)).tensors[0], container };
}
