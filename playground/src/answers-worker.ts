// Runs the model before and after, beside the compression, which goes on meanwhile.
import { npzDataset } from '../../src/data/npz.js';
import { syntheticDataset } from '../../src/data/synthetic/synthetic.js';
import { decode } from '../../src/decode/index.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { formatLoss } from '../../src/evaluate/loss-words.js';
import { readInterface } from '../../src/onnx/interface.js';
import { openOnnx } from '../../src/onnx/open.js';
import { loadRuntime } from './runtime.js';
import { serve } from './serve.js';

/** Inputs that are made: enough to see a difference, few enough to wait for. */
const SAMPLES = 16;

serve<'compare'>({
  async compare({ original, container, inputs }, { signal, onProgress }) {
    const [runtime, model] = await Promise.all([loadRuntime(), decode(container)]);
    const reference = new Uint8Array(await original.arrayBuffer());
    const dataset = inputs
      ? npzDataset(new Uint8Array(await inputs.arrayBuffer()))
      : syntheticDataset(readInterface(openOnnx(reference)).inputs, { samples: SAMPLES });
    const options = { model, reference, dataset, runtime, signal };
    const found = await evaluate({ ...options, onProgress: (samples) => onProgress(Math.min(1, samples / SAMPLES)) });
    const { samples, agreement, meanAbsDiff, kind, warnings, loss } = found;
    return { samples, agreement, meanAbsDiff, kind, warnings, loss: loss && formatLoss(loss) };
  },
});
