import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../src/data/synthetic/kinds.js';
import { syntheticDataset } from '../../../src/data/synthetic/synthetic.js';
import type { Port } from '../../../src/onnx/interface.js';

const port = (name: string, type: string, shape: Port['shape'], rows?: number): Port => ({ name, type, shape, rows });

const IMAGE = port('x', 'float32', ['N', 3, 32, 32]);

async function first({ ...input }: Port, options = { samples: 8 }) {
  for await (const { inputs } of syntheticDataset([input], options)()) return inputs[input.name];
  throw new Error('no batch');
}

function statistics(data: ArrayLike<number | bigint>) {
  const values = Array.from(data, Number);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
}

describe('the kind of an input', () => {
  it.each([
    [IMAGE, 'pictures'],
    [port('x', 'uint8', ['', 224, 224, 3]), 'pictures'],
    [port('x', 'float32', ['N', 784]), 'pictures'],
    [port('mel', 'float32', [1, 80, '']), 'pictures'],
    [port('audio', 'float32', [1, 16000]), 'sound'],
    [port('audio', 'float32', ['N', 1, '']), 'sound'],
    [port('input_ids', 'int64', ['N', 'T'], 30_000), 'tokens'],
    [port('attention_mask', 'int64', ['N', 'T']), 'control'],
    [port('token_type_ids', 'int64', ['N', 'T'], 2), 'control'],
    [port('sr', 'int64', []), 'control'],
    [port('state', 'float32', [2, '', 128]), 'state'],
    [port('h0', 'float32', [1, 1, 64]), 'state'],
    [port('x', 'float32', ['N', 13]), 'features'],
  ] as const)('%o', (input, kind) => {
    expect(kindOf(input)).toBe(kind);
  });
});

describe('synthetic inputs', () => {
  it('are the same each time, others for another seed, and do not depend on how many there are', async () => {
    const [one, again] = [await first(IMAGE), await first(IMAGE)];
    expect(again).toEqual(one);
    const fewer = await first(IMAGE, { samples: 3 });
    expect(fewer.dims).toEqual([3, 3, 32, 32]);
    expect(fewer.data).toEqual(one.data.subarray(0, fewer.data.length));
    for await (const { inputs } of syntheticDataset([IMAGE], { samples: 8, seed: 1 })()) {
      expect(inputs.x.data).not.toEqual(one.data);
    }
  });

  it('are pictures of about mean 0 and deviation 1, in which neighbours are alike and edges stand', async () => {
    const { data } = await first(port('x', 'float32', ['N', 3, 64, 64]));
    const { mean, deviation } = statistics(data);
    expect(Math.abs(mean)).toBeLessThan(0.4);
    expect(deviation).toBeGreaterThan(0.6);
    expect(deviation).toBeLessThan(1.5);
    let [alike, edges] = [0, 0];
    for (let i = 1; i < data.length; i++) {
      const step = Math.abs(Number(data[i]) - Number(data[i - 1]));
      if (step < 0.25) alike++;
      else if (step > 0.6) edges++;
    }
    expect(alike / data.length).toBeGreaterThan(0.7);
    expect(edges / data.length).toBeGreaterThan(0.01);
  });

  it('are squares and strips by turns where the model leaves both edges open, and what is told otherwise', async () => {
    const open = port('x', 'float32', ['N', 3, 'H', 'W']);
    const shapes = async (options: object) => {
      const found = [];
      for await (const { inputs } of syntheticDataset([open], { samples: 3, ...options })({ batchSize: 1 })) {
        found.push(inputs.x.dims.slice(2));
      }
      return found;
    };
    const [square, strip] = [
      [224, 224],
      [64, 256],
    ];
    expect(await shapes({})).toEqual([square, strip, square]);
    expect(await shapes({ isSquare: true })).toEqual([square, square, square]);
    expect(await shapes({ dims: { H: 48 } })).toEqual(Array(3).fill([48, 224]));
  });

  it('are drawings as often as dead leaves: mostly plain ground, and ink of another tone', async () => {
    const { data } = await first(port('x', 'float32', ['N', 1, 64, 64]), { samples: 40 });
    const flat = Array.from({ length: data.length / 4096 }, (_, i) => {
      const picture = Array.from(data.slice(4096 * i, 4096 * (i + 1)), Number).sort((a, b) => a - b);
      // The middle half of a plain ground's tones are near each other.
      return picture[3071] - picture[1024] < 0.35 * (picture[4050] - picture[45]);
    });
    const share = flat.filter(Boolean).length / flat.length;
    expect(flat.length).toBe(8);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
  });

  it('are bytes where the model takes bytes, channels last where it has them last', async () => {
    const { data, dims } = await first(port('x', 'uint8', ['N', 16, 24, 3]));
    expect(dims).toEqual([8, 16, 24, 3]);
    expect(Array.from(data, Number).every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
  });

  it('are sounds within range, of which some are loud and parts are quiet', async () => {
    const { data, dims } = await first(port('x', 'float32', ['N', 16000]));
    expect(dims).toEqual([8, 16000]);
    const windows = Array.from({ length: data.length / 400 }, (_, i) => {
      return statistics(data.subarray(400 * i, 400 * (i + 1))).deviation;
    });
    expect(Math.max(...windows)).toBeGreaterThan(20 * Math.min(...windows));
    expect(Array.from(data, Number).every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  it('are tokens within the table, few of them frequent', async () => {
    const { data } = await first(port('ids', 'int64', ['N', 'T'], 5000));
    const counts = new Map<number, number>();
    for (const token of data) counts.set(Number(token), (counts.get(Number(token)) ?? 0) + 1);
    expect([...counts.keys()].every((token) => token >= 0 && token < 5000)).toBe(true);
    expect(Math.max(...counts.values())).toBeGreaterThan(data.length / 100);
    expect(counts.size).toBeGreaterThan(50);
  });

  it('are windows of the same sounds, one behind the other, for a model that keeps a state', async () => {
    const inputs = [port('x', 'float32', ['', '']), port('state', 'float32', [2, '', 4]), port('sr', 'int64', [])];
    const windows = async (rate: number, context?: number) => {
      const found = [];
      for await (const { inputs: each } of syntheticDataset(inputs, { samples: 64, rate, context })()) found.push(each);
      return found;
    };
    const [wide, narrow] = [await windows(16_000), await windows(8_000)];
    expect(wide.map(({ x, state, sr }) => [x.dims, state.dims, sr.data[0]])).toEqual(
      Array(4).fill([[16, 512], [2, 16, 4], 16_000]),
    );
    expect(narrow[1].x.dims).toEqual([16, 256]);
    // Half as many samples a second of the same sound.
    expect(Array.from(narrow[1].x.data, Number).slice(0, 100)).toEqual(
      Array.from({ length: 100 }, (_, i) => Number(wide[1].x.data[2 * i])),
    );
    // The end of the window before stands in front of each.
    const [first, second] = await windows(16_000, 0.004);
    expect(first.x.dims).toEqual([16, 576]);
    expect(second.x.data.slice(0, 64)).toEqual(first.x.data.slice(512, 576));
    expect(second.x.data.slice(64, 576)).not.toEqual(first.x.data.slice(64, 576));
  });
});
