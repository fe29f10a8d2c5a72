import { describe, expect, it } from 'vitest';
import { decode, decodeFiles, decodeForOrt, decodeTensors, inspect, type Source } from '../../src/decode/index.js';
import { encode, modelOf } from '../support/container.js';
import { forge } from '../support/forge.js';
import { Random } from '../support/random.js';

const random = new Random(14);

/** A model whose weights are these, again and again: large, and soon made. */
const repeated = (values: Float32Array | Uint8Array, times: number) => {
  const all = new (values.constructor as typeof Float32Array)(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return encode(modelOf(all));
};

/** Containers that take far longer to decode than one breath, for reasons of their own. */
const CASES: [string, () => Uint8Array | Promise<Uint8Array>][] = [
  ['one dense tensor', () => repeated(Float32Array.from(random.clustered(1 << 16, 60, 1)), 400)],
  ['one sparse tensor', () => repeated(Float32Array.from(random.clustered(1 << 16, 20, 0.05)), 600)],
  ['one tensor of byte planes', () => repeated(random.bytes(1 << 16), 1500)],
  ['a skeleton that is all there is', () => forge({ f: [['', 3_000_000, 0]], t: [] }, noise(3_000_000))],
  [
    'many twins of byte planes in the skeleton',
    () => {
      const twins = Array.from({ length: 60 }, (_, i) => ({
        n: `t${i}`,
        y: 1,
        d: [500_000],
        g: 0,
        ...(i ? { r: 0 } : { p: 1 }),
      }));
      return forge({ f: [['', 60 * 2_000_000, 0]], t: twins }, new Uint8Array(2_000_000));
    },
  ],
];

/** Two bits of chance in each byte: what neither matches nor is squeezed in no time. */
function noise(length: number): Uint8Array {
  return random.bytes(length).map((byte) => byte & 3);
}

async function cpuTimeOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const blobOf = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

describe.each(CASES)('a signal while %s is decoded', async (_, make) => {
  const container = await make();
  const whole = await cpuTimeOf(() => decode(container));
  const ways: [string, (source: Source, signal: AbortSignal) => Promise<unknown>][] = [
    ['decode', (source, signal) => decode(source, { signal })],
    ['decode, verifying all', (source, signal) => decode(source, { signal, verify: 'all' })],
    ['decodeFiles', (source, signal) => decodeFiles(source, { signal, verify: 'none' })],
    ['decodeForOrt', (source, signal) => decodeForOrt(source, { signal })],
    [
      'decodeTensors',
      async (source, signal) => {
        for await (const _ of decodeTensors(source, { signal }));
        return decode(source, { signal });
      },
    ],
  ];

  it.each(ways)('stops %s, from memory and from a Blob', { timeout: 60_000 }, async (_, way) => {
    for (const source of [container, blobOf(container)]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      let since: NodeJS.CpuUsage | undefined;
      // It fires while the decoder works, or not before the end.
      const timer = setTimeout(() => {
        since = process.cpuUsage();
        controller.abort(reason);
      }, 1);
      const error = await way(source, controller.signal).catch((problem: unknown) => problem);
      clearTimeout(timer);
      expect(error).toMatchObject({ code: 'ABORTED', cause: reason });
      const { user, system } = process.cpuUsage(since);
      // Aborted, the next step is the last, and far less than the rest.
      expect(user + system).toBeLessThan(whole / 2);
    }
  });

  it('changes nothing where it does not fire', { timeout: 60_000 }, async () => {
    const { signal } = new AbortController();
    const [quiet, watched, ...others] = await Promise.all([
      decode(container),
      decode(container, { signal }),
      decode(blobOf(container), { signal }),
    ]);
    for (const bytes of [watched, ...others]) expect(Buffer.compare(bytes, quiet)).toBe(0);
  });
});

describe('a signal that has fired', async () => {
  const container = await encode(modelOf(Float32Array.of(1, 2, 3)));
  it('stops before anything is done, and from within a report', async () => {
    const signal = AbortSignal.abort();
    await expect(decode(container, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(inspect(blobOf(container), { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(decode(container, { signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
