import { FxqError } from '../../errors.js';
import { present } from '../../guards.js';
import { isFloat } from '../cast.js';
import { fitDims, isFixed } from '../fit.js';
import type { Steps } from './prepare.js';
import type { Preprocessing, Size } from './preprocessing.js';
import { assumePreprocessing, type ImageInput } from './target.js';

/** What happens to images on their way into a model, with nothing left open. */
export interface Plan {
  readonly steps: Steps;
  readonly scale: number;
  /** One number a channel; both absent where nothing but the scale is applied. */
  readonly mean: readonly number[] | undefined;
  readonly std: readonly number[] | undefined;
}

/** What is given, and what is assumed of the rest; sizes are taken from one of the two, not mixed. */
export function planImages(target: ImageInput, given: Preprocessing | undefined, scale: number | undefined): Plan {
  const assumed = assumePreprocessing(target);
  const isSized = given?.resize !== undefined || given?.crop !== undefined;
  const { resize, crop } = isSized ? given : assumed;
  const filter = given?.filter ?? assumed.filter ?? 'bilinear';
  const channels = given?.channels ?? assumed.channels ?? 'rgb';
  const layout = given?.layout ?? assumed.layout ?? 'nchw';
  const steps = {
    resize,
    filter,
    crop: typeof crop === 'number' ? { width: crop, height: crop } : crop,
    channels,
    layout,
  };
  checkFit(target, steps);
  const count = channels === 'grey' ? 1 : 3;
  // A factor by itself says that nothing else is done to the numbers.
  const isPlain = scale !== undefined && given === undefined;
  const mean = isPlain ? undefined : spread('mean', given?.mean ?? assumed.mean, count);
  const std = isPlain ? undefined : spread('std', given?.std ?? assumed.std, count);
  const factor = scale ?? given?.scale ?? present(assumed.scale);
  const isIdentity = (mean ?? [0]).every((value) => value === 0) && (std ?? [1]).every((value) => value === 1);
  const { name, type } = target.input;
  if (!isFloat(type) && !(isIdentity && factor === 1)) {
    const message = `images: expected no scale, mean and std for '${name}', which takes ${type}, got some; where the model does that itself, describe the preprocessing with scale: 1, mean: 0, std: 1`;
    throw new FxqError('CONFIG', message, { tensor: name, expected: type });
  }
  return {
    steps,
    scale: factor,
    ...(isIdentity ? { mean: undefined, std: undefined } : { mean: mean ?? zeros(count), std: std ?? ones(count) }),
  };
}

/** The plan in words. */
export function describePlan({ steps, scale, mean, std }: Plan): string {
  const { resize, filter, crop, channels, layout } = steps;
  const size = ({ width, height }: Size) => `${width}×${height}`;
  const parts = [
    resize === undefined
      ? 'not resized'
      : `${typeof resize === 'number' ? `shorter edge ${resize}` : size(resize)} (${filter})`,
    ...(crop ? [`centre ${size(crop)}`] : []),
    channels === 'grey' ? 'grey' : channels.toUpperCase(),
    ...(scale === 1 ? [] : [Math.abs(scale * 255 - 1) < 1e-9 ? '× 1/255' : `× ${scale}`]),
    ...(mean && std ? [`mean ${mean.map(brief).join(' ')}`, `std ${std.map(brief).join(' ')}`] : []),
    layout.toUpperCase(),
  ];
  return parts.join(', ');
}

function checkFit(
  { input, layout: wanted, width, height }: ImageInput,
  { resize, crop, channels, layout }: Steps,
): void {
  const size = crop ?? (typeof resize === 'object' ? resize : undefined);
  const count = channels === 'grey' ? 1 : 3;
  // Where the size of the images is not known beforehand, the model's own stands in for it.
  const [w, h] = [size?.width ?? width ?? 1, size?.height ?? height ?? 1];
  const dims = layout === 'nhwc' ? [h, w, count] : [count, h, w];
  const [samples] = input.shape;
  if (fitDims(input.shape, [isFixed(samples) ? samples : 1, ...dims])) return;
  const got = `${count} × ${w} × ${h} (channels × width × height), ${layout.toUpperCase()}`;
  const shape = `[${input.shape.map((dim) => dim || '?').join(', ')}], ${wanted.toUpperCase()}`;
  const message = `images: expected preprocessing to give what the model takes as '${input.name}', ${shape}, got ${got}; change its size, channels or layout`;
  throw new FxqError('CONFIG', message, { tensor: input.name, expected: input.shape, actual: dims });
}

function spread(
  name: string,
  value: number | readonly number[] | undefined,
  count: number,
): readonly number[] | undefined {
  if (value === undefined) return undefined;
  const list = typeof value === 'number' ? [value] : value;
  if (list.length === count) return list;
  if (list.length === 1) return Array<number>(count).fill(list[0]);
  const message = `preprocessing: expected one ${name} a channel, which are ${count}, got ${list.length}`;
  throw new FxqError('CONFIG', message, { expected: count, actual: list.length });
}

function zeros(count: number): number[] {
  return Array<number>(count).fill(0);
}

function ones(count: number): number[] {
  return Array<number>(count).fill(1);
}

function brief(value: number): string {
  return String(Number(value.toPrecision(4)));
}
