import { gradientGraph } from '../../build/gradient/gradient-graph.js';
import { augment } from './augment.js';
import { CLASSES, PIXELS, SIDE } from './mnist.js';
import { initialParameters, writeModel } from './models.js';
import { random, shuffle } from './random.js';
import { openSession, tensor } from './runtime.js';

/**
 * @typedef {object} Recipe
 * @property {number} seed
 * @property {number} epochs
 * @property {number} learningRate at the start; it follows half a cosine down to zero
 * @property {number} weightDecay on weights, not on biases
 * @property {number} [plainEpochs] how many epochs at the end see the images as they are
 * @property {number} [batchSize]
 * @property {number} [momentum]
 */

/**
 * Trains a net from scratch by stochastic gradient descent with momentum.
 *
 * @param {string} model a key of ARCHITECTURES
 * @param {import('./mnist.js').Split} split
 * @param {Recipe} recipe
 * @param {(epoch: { index: number, loss: number, parameters: Map, ms: number }) => Promise<void>} afterEpoch
 * @returns {Promise<Map<string, { dims: number[], data: Float32Array }>>} the trained parameters
 */
export async function descend(model, split, recipe, afterEpoch) {
  const { seed, epochs, learningRate, weightDecay, plainEpochs = 0, batchSize = 100, momentum = 0.9 } = recipe;
  const parameters = initialParameters(model, seed);
  const graph = gradientGraph(writeModel(model, parameters));
  const session = await openSession(graph.bytes);
  const optimiser = momentumSgd(parameters, graph.gradients, momentum, weightDecay);
  const next = random(seed + 1);
  const order = Uint32Array.from({ length: split.count }, (_, i) => i);
  const pixels = new Float32Array(batchSize * PIXELS);
  const labels = new Float32Array(batchSize * CLASSES);
  const feeds = {
    input: tensor(pixels, [batchSize, 1, SIDE, SIDE]),
    [graph.targets[0].name]: tensor(labels, [batchSize, CLASSES]),
  };
  for (const [name, { data, dims }] of parameters) feeds[name] = tensor(data, dims);

  const steps = Math.floor(split.count / batchSize);
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    const start = performance.now();
    const write = epoch < epochs - plainEpochs ? augment : copy;
    shuffle(order, next);
    let loss = 0;
    for (let batch = 0; batch < steps; batch++, step++) {
      labels.fill(0);
      for (let i = 0; i < batchSize; i++) {
        const index = order[batch * batchSize + i];
        write(split.images, index, pixels, i * PIXELS, next);
        labels[i * CLASSES + split.labels[index]] = 1;
      }
      const results = await session.run(feeds);
      loss += results[graph.loss].data[0] / steps;
      optimiser(results, (learningRate / 2) * (1 + Math.cos((Math.PI * step) / (steps * epochs))));
    }
    await afterEpoch({ index: epoch, loss, parameters, ms: performance.now() - start });
  }
  return parameters;
}

/** One image as it is, as floats from 0 to 1. */
function copy(images, index, target, offset) {
  for (let i = 0; i < PIXELS; i++) target[offset + i] = images[index * PIXELS + i] / 255;
}

/** v ← momentum · v + gradient + decay · w; w ← w − rate · v, in place: the tensors fed to the session look at w. */
function momentumSgd(parameters, gradients, momentum, weightDecay) {
  const velocities = new Map([...parameters].map(([name, { data }]) => [name, new Float32Array(data.length)]));
  return (results, rate) => {
    for (const [name, { data }] of parameters) {
      const gradient = results[gradients.get(name)].data;
      const velocity = velocities.get(name);
      const decay = name.endsWith('.weight') ? weightDecay : 0;
      for (let i = 0; i < data.length; i++) {
        velocity[i] = momentum * velocity[i] + gradient[i] + decay * data[i];
        data[i] -= rate * velocity[i];
      }
    }
  };
}
