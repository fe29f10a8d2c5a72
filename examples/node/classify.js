// npm run example node [model.fxq]: decodes a model and reads digits with it. Takes what examples/browser/prepare.js wrote.
import { readFile } from 'node:fs/promises';
import { decodeForOrt } from 'fxq-compress/decode';
import * as ort from 'onnxruntime-node';

const files = new URL('../browser/public/', import.meta.url);
const container = await readFile(process.argv[2] ?? new URL('lenet-5.fxq', files));
const digits = await readFile(new URL('digits.bin', files));

const { model, externalData } = await decodeForOrt(container);
const session = await ort.InferenceSession.create(model, { externalData });
const weights = externalData.reduce((sum, { data }) => sum + data.length, 0);
console.log(`${container.length} bytes became an ONNX file of ${model.length} and ${weights} bytes of weights`);

// For each digit its label, then 28 × 28 pixels, a byte each; the net takes pixels from 0 to 1.
for (let at = 0; at < digits.length; at += 785) {
  const pixels = Float32Array.from(digits.subarray(at + 1, at + 785), (pixel) => pixel / 255);
  const { logits } = await session.run({ input: new ort.Tensor('float32', pixels, [1, 1, 28, 28]) });
  const scores = Array.from(logits.data, Number);
  const answer = scores.indexOf(Math.max(...scores));
  console.log(`labelled ${digits[at]}, read as ${answer}${answer === digits[at] ? '' : '  ✗'}`);
}
