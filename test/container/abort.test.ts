import { expect, it } from 'vitest';
import { writeContainer } from '../../src/container/write/container.js';
import { openOnnx } from '../../src/onnx/open.js';
import { modelProto } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';

it('stops squeezing a long head when its signal does', async () => {
  const random = new Random(15);
  const text = Array.from({ length: 1 << 17 }, () => random.uint32().toString(36)).join(' ');
  const model = openOnnx(modelProto({ metadata: { text } }));
  const control = new AbortController();
  // No tensor is in the model, so the first turn that a timer has is in the middle of the head.
  setTimeout(() => control.abort(), 1);
  await expect(writeContainer(model, { signal: control.signal })).rejects.toMatchObject({ code: 'ABORTED' });
});
