import type { Bits } from './bits.js';

/** The coefficients of S. */
const C = [
  1.5707963267948966, -0.6459640975062462, 0.07969262624616703, -0.004681754135318687, 0.00016044118478735975,
  -0.000003598843235212084, 5.692172921967924e-8, -6.688035109811464e-10,
];

/** §4, waves: hands out the weights of a section of layout 7. */
export function readWaves(
  reader: Bits,
  d: readonly number[],
  a: number,
  units: number,
  put: (unit: number, value: number) => void,
): void {
  const pieces = reader.number(8);
  const [byFrequency, byAmplitude, byPhase] = [reader.number(8), reader.number(8), reader.number(8)];
  const difference = (order: number) => {
    const number = reader.golomb(order);
    return number % 2 ? (number + 1) / 2 : -number / 2;
  };
  const lines = d[a];
  const inner = d.slice(a + 1).reduce((x, y) => x * y, 1);
  const n = units / lines / pieces;
  const parts = 2 ** Math.min(32, 24 + Math.ceil(Math.log2(n)));
  const frequencies: number[] = [];
  const waves: { amplitude: number; phase: number }[][] = [];
  for (let line = 0; line < lines; line++) {
    const expected = 2 * (frequencies.at(-1) ?? 0) - (frequencies.at(-2) ?? 0);
    frequencies.push((((expected + difference(byFrequency)) % 2 ** 32) + 2 ** 32) % 2 ** 32);
    waves.push(
      Array.from({ length: pieces }, (_, piece) => {
        const before = waves.at(-1)?.[piece] ?? { amplitude: 0, phase: 0 };
        const amplitude = before.amplitude + difference(byAmplitude);
        return { amplitude, phase: before.phase + difference(byPhase) };
      }),
    );
  }
  reader.align();
  reader.end();
  const seen = frequencies.map(() => 0);
  for (let unit = 0; unit < units; unit++) {
    const line = Math.floor(unit / inner) % lines;
    const place = seen[line]++;
    const { amplitude, phase } = waves[line][Math.floor(place / n)];
    put(unit, toFloat(amplitude) * sine(4 * (phase / 2 ** 24 + ((place % n) * frequencies[line]) / parts)));
  }
}

function sine(q: number): number {
  const r = q - Math.floor(q);
  const x = Math.floor(q) % 2 === 0 ? r : 1 - r;
  const sum = C.reduceRight((inner, c) => inner * (x * x) + c, 0);
  const s = x * sum;
  return Math.floor(q) % 4 >= 2 && s !== 0 ? -s : s;
}

function toFloat(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}
