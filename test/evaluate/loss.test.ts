import { describe, expect, it } from 'vitest';
import { describeMetric, lossGauge } from '../../src/evaluate/gauge.js';
import { differenceOf, meanInterval, NONE_SEEN, rareInterval, ratioInterval } from '../../src/evaluate/interval.js';
import type { Loss } from '../../src/evaluate/loss.js';
import { formatLoss } from '../../src/evaluate/loss-words.js';
import { kindOfOutput, type MetricName, type OwnMetric } from '../../src/evaluate/metric.js';
import { realRows } from '../../src/evaluate/padding.js';
import { createRandom, normal } from '../../src/random.js';
import type { OutputArray } from '../../src/runtime/session.js';

const CLASSES = 8;

const array = (dims: number[], value: (i: number) => number, type = 'float32'): OutputArray => ({
  ...{ type, dims },
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});

/** Scores of a net that is mostly sure, what noise makes of them, and labels of which it gets most right. */
function makeNet(samples: number, noise: number, seed: number) {
  const random = createRandom(seed);
  const labels = Array.from({ length: samples }, () => Math.floor(random.float() * CLASSES));
  const scores = array([samples, CLASSES], (i) => {
    const isRight = labels[Math.floor(i / CLASSES)] === i % CLASSES;
    return normal(random) + (isRight ? 3.5 : 0);
  });
  const noisy = array([samples, CLASSES], (i) => scores.data[i] + noise * normal(random));
  return { labels, scores, noisy };
}

type Net = ReturnType<typeof makeNet>;

async function measure(
  { scores, noisy, labels }: Net,
  isLabelled: boolean,
  fitted?: Net,
  isSeen = false,
): Promise<Loss> {
  const gauge = lossGauge({ output: 'y' });
  const of = (net: Net) => ({
    ...{ batch: { inputs: {} }, samples: net.labels.length, outputs: { y: net.scores } },
    labels: isLabelled ? net.labels : undefined,
  });
  if (fitted) await gauge.add(of(fitted), isSeen ? { y: fitted.noisy } : undefined, true);
  await gauge.add(of({ scores, noisy, labels }), { y: noisy });
  const loss = gauge.result()?.loss;
  if (!loss) throw new Error('expected a loss');
  return loss;
}

describe('inputs that a model was fitted to', () => {
  it('judge with what is seen on them, made up for what fitting hides', async () => {
    const held = makeNet(64, 0.4, 11);
    // A third of the noise that others see.
    const fitted = makeNet(192, 0.4 / 3, 12);
    const [margins, all] = [await measure(held, false, fitted), await measure(held, false, fitted, true)];
    expect(all).toMatchObject({ by: 'divergence', samples: 256 });
    expect(all.value / margins.value).toBeGreaterThan(0.85);
    expect(all.value / margins.value).toBeLessThan(1.2);
    // As if they were others, they would say much less.
    const gauge = lossGauge({ output: 'y' });
    const reference = { batch: { inputs: {} }, samples: 192, labels: undefined, outputs: { y: fitted.scores } };
    await gauge.add(reference, { y: fitted.noisy });
    expect(gauge.result()?.loss?.value).toBeLessThan(0.6 * all.value);
  });
});

describe('agreement', () => {
  it('cannot be won', async () => {
    const { low, value } = await measure(makeNet(64, 0.02, 7), false);
    expect(value).toBeGreaterThanOrEqual(0);
    expect(low).toBeGreaterThanOrEqual(0);
  });
});

describe('an interval', () => {
  it('of nothing seen ends where that has a chance of 2.5 %', () => {
    expect(rareInterval(0, 0, 64)).toEqual({ value: 0, low: 0, high: NONE_SEEN / 64 });
    expect((1 - NONE_SEEN / 1e4) ** 1e4).toBeCloseTo(0.025, 3);
  });

  it('of counts is that of Poisson, and a difference takes both', () => {
    // Exact limits of 10 events: 4.795 and 18.39.
    const ten = rareInterval(10, 10, 1);
    expect([ten.low, ten.high]).toEqual([expect.closeTo(4.795, 1), expect.closeTo(18.39, 1)]);
    const { value, low, high } = differenceOf(ten, rareInterval(6, 6, 1));
    expect([value, low < 0, high > 8]).toEqual([4, true, true]);
  });

  it('of a mean and of a ratio holds it in 95 of 100 draws', () => {
    const random = createRandom(3);
    let [means, ratios] = [0, 0];
    for (let draw = 0; draw < 400; draw++) {
      const values = Array.from({ length: 12 }, () => normal(random) + 2);
      const mean = meanInterval(values);
      if (mean.low <= 2 && mean.high >= 2) means++;
      const noise = Array.from({ length: 40 }, () => normal(random) ** 2);
      const { low, high } = ratioInterval(
        noise,
        noise.map(() => 4),
      );
      if (low <= 0.25 && high >= 0.25) ratios++;
    }
    expect(means).toBeGreaterThan(365);
    expect(ratios).toBeGreaterThan(360);
    expect(meanInterval([1]).high).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a loss', () => {
  it.each([
    ['by labels', true, 0.5],
    ['without', false, 0.5],
    ['by labels', true, 0.25],
    ['without', false, 0.25],
  ])('%s: no more than its upper end is lost on other inputs in 19 of 20 draws', async (_, isLabelled, noise) => {
    const all = await measure(makeNet(20_000, noise, 1), isLabelled);
    expect(all).toMatchObject({ metric: isLabelled ? 'accuracy' : 'agreement', unit: 'points' });
    let [covered, width] = [0, 0];
    for (let draw = 0; draw < 60; draw++) {
      // A quarter of the inputs is kept out; the others tell how near decisions are to turning.
      const loss = await measure(makeNet(32, noise, 100 + draw), isLabelled, makeNet(96, noise, 1000 + draw));
      if (loss.high >= all.value) covered++;
      width += loss.high / 60;
    }
    expect(covered).toBeGreaterThanOrEqual(57);
    // Counting would not get below 11.5 points on 32 inputs, whatever is lost.
    expect(width).toBeLessThan(all.value + 5);
  });

  it('is expected where counts tell little, and counted where they contradict', async () => {
    const net = makeNet(256, 0.3, 5);
    expect((await measure(net, false)).by).toBe('divergence');
    // One in ten answers is another one altogether, which no noise of the others explains.
    const { scores, noisy } = net;
    for (let row = 0; row < 256; row += 10)
      noisy.data.set(
        scores.data.subarray(0, CLASSES).map((v) => -v),
        row * CLASSES,
      );
    const broken = await measure(net, false);
    expect(broken.high).toBeGreaterThan(7);
  });

  it('is none where nothing differs', async () => {
    const net = makeNet(64, 0, 2);
    for (const isLabelled of [true, false]) {
      expect(await measure(net, isLabelled)).toMatchObject({ value: 0, low: 0, high: 0, samples: 64 });
    }
  });

  it('is infinite, or all, where outputs are no numbers', async () => {
    const net = makeNet(16, 0.1, 2);
    net.noisy.data.fill(Number.NaN);
    expect(await measure(net, false)).toMatchObject({ value: 100, high: 100 });
    const values = { ...net, scores: array([16, 1], (i) => i), noisy: array([16, 1], () => Number.NaN) };
    expect((await measure(values, false)).high).toBe(Number.POSITIVE_INFINITY);
  });

  it('is told in its unit', () => {
    const loss = { metric: 'accuracy', by: 'count', samples: 1500 } as const;
    expect(formatLoss({ ...loss, unit: 'points', value: 0.3, low: -0.4, high: 1.1 })).toBe(
      'lost 0.30 points, 95 %: −0.40 to 1.10, counted on 1,500 inputs',
    );
    expect(formatLoss({ ...loss, by: 'divergence', unit: 'points', value: 0.3, low: 0, high: 1 })).toBe(
      'lost 0.30 points, 95 %: 0.00 to 1.00, expected of 1,500 inputs',
    );
    expect(formatLoss({ ...loss, unit: 'share', value: 0.0123, low: 0.01, high: Number.POSITIVE_INFINITY })).toBe(
      '1.23 % off, 95 %: 1 % to ∞, 1,500 inputs',
    );
  });

  it('is not counted at padding', async () => {
    const samples = 8;
    const mask = { data: Float32Array.from({ length: samples * 4 }, (_, i) => Number(i % 4 < 2)), dims: [samples, 4] };
    const scores = array([samples, 4, 3], (i) => Number(i % 3 === 0));
    const noisy = array([samples, 4, 3], (i) => (Math.floor(i / 3) % 4 < 2 ? scores.data[i] : Number(i % 3 === 1)));
    const gauge = lossGauge({ output: 'y' });
    const reference = {
      batch: { inputs: { attention_mask: mask } },
      samples,
      labels: undefined,
      outputs: { y: scores },
    };
    await gauge.add(reference, { y: noisy });
    expect(gauge.result()?.loss).toMatchObject({ metric: 'agreement', value: 0 });
    const all = lossGauge({ output: 'y' });
    await all.add({ ...reference, batch: { inputs: {} } }, { y: noisy });
    expect(all.result()?.loss).toMatchObject({ value: 50 });
  });

  it.each([
    ['classes themselves', [8, 4], 'int64', 1],
    ['a share for each of three', [8, 4, 3], 'float32', 3],
  ])('is not counted at padding of %s', async (_, dims, type, each) => {
    const mask = { data: Float32Array.from({ length: 32 }, (_, i) => Number(i % 4 < 2)), dims: [8, 4] };
    const isPadding = (i: number) => Math.floor(i / each) % 4 >= 2;
    const wanted = array(dims, (i) => i % 2, type);
    const got = array(dims, (i) => (isPadding(i) ? 1 - wanted.data[i] : wanted.data[i]), type);
    const gauge = lossGauge({ output: 'y' });
    const batch = { inputs: { attention_mask: mask } };
    await gauge.add({ batch, samples: 8, labels: undefined, outputs: { y: wanted } }, { y: got });
    expect(gauge.result()?.loss).toMatchObject({ metric: 'agreement', value: 0 });
  });

  it('takes every row of scores of as many classes as a mask has places', () => {
    const mask = { data: new Float32Array(32), dims: [8, 4] };
    expect(realRows({ inputs: { mask } }, [8, 4], 8)(0)).toBe(true);
    expect(realRows({ inputs: { mask } }, [8, 4], 32)(0)).toBe(false);
  });

  it('is within a hundred points, also where all may have been won', async () => {
    // The original is always wrong, and the model always right.
    const [wrong, right] = [1, 0].map((by) => array([8], (i) => (i + by) % 2, 'int64'));
    const gauge = lossGauge({ output: 'y', metric: 'accuracy' });
    const labels = Array.from(right.data, Number);
    await gauge.add({ batch: { inputs: {} }, samples: 8, labels, outputs: { y: wrong } }, { y: right });
    expect(gauge.result()?.loss).toMatchObject({ value: -100, low: -100 });
  });
});

describe('what an output is', () => {
  const random = createRandom(9);
  const image = { inputs: { x: { data: new Float32Array(4 * 3 * 16 * 16), dims: [4, 3, 16, 16] } } };
  const vector = { inputs: { x: { data: new Float32Array(4 * 64), dims: [4, 64] } } };
  const unit = (dims: number[]) => {
    const made = array(dims, () => normal(random));
    const width = dims[dims.length - 1];
    for (let row = 0; row < dims[0]; row++) {
      const at = row * width;
      let squares = 0;
      for (let i = at; i < at + width; i++) squares += made.data[i] ** 2;
      for (let i = at; i < at + width; i++) made.data[i] /= Math.sqrt(squares);
    }
    return made;
  };
  it.each<[string, OutputArray, typeof image, MetricName, string]>([
    ['integers', array([4, 7], (i) => i % 3, 'int64'), vector, 'agreement', 'classes'],
    ['probabilities', array([4, 4], () => 0.25), vector, 'agreement', 'probabilities'],
    ['scores', array([4, 10], (i) => 9 * Number(i % 10 === 3)), vector, 'agreement', 'scores of classes'],
    [
      'scores of tokens',
      array([4, 5, 9], (i) => 9 * Number(i % 9 === 3)),
      vector,
      'agreement',
      'scores of classes at every place',
    ],
    ['a sigmoid', array([4, 1], (i) => i / 9), vector, 'agreement', 'shares from 0 to 1, each yes or no'],
    ['a value', array([4, 1], (i) => 20 * i), vector, 'snr', 'a value'],
    ['a copy', array([4, 64], () => normal(random)), vector, 'snr', 'values of the input’s shape'],
    ['a larger image', array([4, 3, 32, 32], () => normal(random)), image, 'snr', 'an image'],
    [
      'a map of classes',
      array([4, 21, 16, 16], () => normal(random)),
      image,
      'agreement',
      'scores of classes at every place',
    ],
    [
      'a map of shares',
      array([4, 1, 16, 16], () => random.float()),
      image,
      'agreement',
      'shares from 0 to 1, each yes or no',
    ],
    ['unit vectors', unit([4, 32]), vector, 'cosine', 'embeddings of unit length'],
    ['small vectors', array([4, 128], () => normal(random) / 9), vector, 'cosine', 'embeddings'],
  ])('%s', (_, output, batch, metric, text) => {
    const answer = { name: 'y', outputs: { y: output } };
    expect(kindOfOutput(output, batch, 4, answer)).toMatchObject({ metric, text });
  });
});

describe('a metric of one’s own', () => {
  const outputs = { y: array([6, 1], (i) => i) };
  const others = { y: array([6, 1], (i) => i + 2) };
  const reference = { batch: { inputs: {} }, samples: 6, labels: undefined, outputs };
  const gaugeOf = async (metric: OwnMetric) => {
    const gauge = lossGauge({ output: 'y', metric });
    await gauge.add(reference, others);
    return gauge.result();
  };

  it('is given outputs and reference, and what it falls by is the loss', async () => {
    const found = await gaugeOf((own, original) => own.y.data.map((v, i) => 10 - Math.abs(v - original.y.data[i])));
    expect(found?.loss).toMatchObject({ metric: 'own', unit: 'own', value: 2, low: 2, high: 2, samples: 6 });
    expect(found && describeMetric(found.measured)).toBe('judged by a metric of your own');
  });

  it('has to give a number for each input', async () => {
    await expect(gaugeOf(() => [1, 2])).rejects.toThrow('expected a number for each of 6 inputs, got 2');
    await expect(gaugeOf(() => new Array(6).fill(Number.NaN))).rejects.toThrow('not all of them finite');
  });
});
