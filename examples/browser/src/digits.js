import { PIXELS, SIDE } from './classify.js';

/** The digits of `digits.bin`: for each one its label, then its pixels. */
export async function fetchDigits(url) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const size = 1 + PIXELS;
  return Array.from({ length: bytes.length / size }, (_, i) => ({
    label: bytes[i * size],
    pixels: bytes.subarray(i * size + 1, (i + 1) * size),
  }));
}

/** A figure with the digit, and room for what the net says. */
export function drawDigit({ label, pixels }) {
  const figure = document.createElement('figure');
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((grey, i) => {
    image.data.set([grey, grey, grey, 255], 4 * i);
  });
  canvas.getContext('2d').putImageData(image, 0, 0);
  canvas.title = `labelled ${label}`;
  const caption = document.createElement('figcaption');
  caption.textContent = '·';
  figure.append(canvas, caption);
  return figure;
}
