import { zlibSync } from 'fflate';
import { crc32 } from '../../binary/crc32.js';

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const PALETTE = 3;

/**
 * An image of one colour, as a data URL: opacity stands for a share of 0 to 1. Thousands of cells as SVG would make a
 * page many times as large, and a colour that is neither light nor dark suits either background.
 *
 * @param shares - row by row
 */
export function opacityImage(
  rows: number,
  columns: number,
  shares: readonly number[],
  color: readonly number[],
): string {
  const pixels = new Uint8Array(rows * (columns + 1));
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      pixels[y * (columns + 1) + 1 + x] = Math.round(255 * shares[y * columns + x]);
    }
  }
  const size = new DataView(new ArrayBuffer(13));
  size.setUint32(0, columns);
  size.setUint32(4, rows);
  size.setUint8(8, 8);
  size.setUint8(9, PALETTE);
  const bytes = [
    ...SIGNATURE,
    ...chunk('IHDR', new Uint8Array(size.buffer)),
    ...chunk(
      'PLTE',
      Uint8Array.from({ length: 3 * 256 }, (_, i) => color[i % 3]),
    ),
    ...chunk(
      'tRNS',
      Uint8Array.from({ length: 256 }, (_, i) => i),
    ),
    ...chunk('IDAT', zlibSync(pixels, { level: 9 })),
    ...chunk('IEND', new Uint8Array()),
  ];
  return `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`;
}

function chunk(type: string, data: Uint8Array): number[] {
  const body = [...new TextEncoder().encode(type), ...data];
  return [...word(data.length), ...body, ...word(crc32(body))];
}

function word(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}
