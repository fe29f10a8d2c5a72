import { PIXELS, SIDE } from './classify.js';

/** A canvas to draw a digit on. `onDigit` gets its 784 pixels, from 0 to 1, after each stroke. */
export function drawingPad(canvas, onDigit) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  Object.assign(context, { lineWidth: 22, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' });
  const place = ({ offsetX, offsetY }) => {
    const scale = canvas.width / canvas.clientWidth;
    return [offsetX * scale, offsetY * scale];
  };

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    context.beginPath();
    context.moveTo(...place(event));
    context.lineTo(...place(event));
    context.stroke();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!event.buttons) return;
    context.lineTo(...place(event));
    context.stroke();
  });
  canvas.addEventListener('pointerup', () => onDigit(asInMnist(canvas)));
  return { clear: () => context.clearRect(0, 0, canvas.width, canvas.height) };
}

/** MNIST's own preparation: the digit in a box of 20 × 20, its centre of mass in the middle of 28 × 28. */
function asInMnist(canvas) {
  const { left, top, width, height } = boundsOf(canvas);
  const scale = 20 / Math.max(width, height);
  const [w, h] = [width * scale, height * scale];
  const place = (x, y) => {
    const small = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true });
    small.imageSmoothingQuality = 'high';
    small.drawImage(canvas, left, top, width, height, x, y, w, h);
    return alphaOf(small, SIDE, SIDE);
  };
  const [x, y] = [(SIDE - w) / 2, (SIDE - h) / 2];
  const centred = place(x, y);
  let [mass, massX, massY] = [0, 0, 0];
  for (let i = 0; i < PIXELS; i++) {
    mass += centred[i];
    massX += centred[i] * ((i % SIDE) + 0.5);
    massY += centred[i] * (Math.floor(i / SIDE) + 0.5);
  }
  return place(x + SIDE / 2 - massX / mass, y + SIDE / 2 - massY / mass);
}

function boundsOf(canvas) {
  const { width, height } = canvas;
  const alpha = alphaOf(canvas.getContext('2d'), width, height);
  let [left, top, right, bottom] = [width, height, 0, 0];
  alpha.forEach((value, i) => {
    if (value === 0) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  return { left, top, width: right - left, height: bottom - top };
}

function alphaOf(context, width, height) {
  const { data } = context.getImageData(0, 0, width, height);
  return Float32Array.from({ length: width * height }, (_, i) => data[4 * i + 3] / 255);
}
