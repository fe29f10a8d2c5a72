import { FxqError } from '../../errors.js';
import { isFloat } from '../cast.js';
import type { ModelInput } from '../fit.js';
import { isFixed } from '../fit.js';
import type { Preprocessing, Size } from './preprocessing.js';

/** An input that takes images, as far as its shape tells. */
export interface ImageInput {
  readonly input: ModelInput;
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 1 | 3;
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Mean and deviation of ImageNet's pixels, which most image models are trained with (torchvision's figures). */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** ImageNet's classifiers see the centre 224 pixels of an image of which the shorter edge is 256. */
const IMAGENET_CROP = 224;
const IMAGENET_EDGE = 256;

/**
 * Finds the input that images go into, and what of them: [N, 3, H, W] and [N, H, W, 3], with 1 in place of 3 for grey;
 * [N, H, W], and [N, H · W] where that is a square.
 *
 * @throws FxqError `DATASET` where the model takes something else, or more than images
 */
export function imageInputOf(inputs: readonly ModelInput[]): ImageInput {
  const [input] = inputs;
  if (inputs.length !== 1) {
    const got = inputs.map(({ name }) => `'${name}'`).join(', ') || 'none';
    const message = `images: expected a model with one input, got ${got}; give a .js module that yields all of them`;
    throw new FxqError('DATASET', message, { expected: 1, actual: inputs.length });
  }
  const { shape } = input;
  const fixed = (axis: number) => {
    const dim = shape[axis];
    return isFixed(dim) ? dim : undefined;
  };
  const [, second, , fourth] = shape;
  if (shape.length === 0) return { input, layout: 'nchw', channels: 3, width: undefined, height: undefined };
  if (shape.length === 4) {
    if (second === 1 || second === 3) {
      return { input, layout: 'nchw', channels: second, height: fixed(2), width: fixed(3) };
    }
    if (fourth === 1 || fourth === 3) {
      return { input, layout: 'nhwc', channels: fourth, height: fixed(1), width: fixed(2) };
    }
    if (!isFixed(second)) return { input, layout: 'nchw', channels: 3, height: fixed(2), width: fixed(3) };
  }
  if (shape.length === 3) return { input, layout: 'nchw', channels: 1, height: fixed(1), width: fixed(2) };
  const edge = Math.sqrt(fixed(1) ?? 0.5);
  if (shape.length === 2 && Number.isInteger(edge)) {
    return { input, layout: 'nchw', channels: 1, height: edge, width: edge };
  }
  const got = `[${shape.map((dim) => dim || '?').join(', ')}]`;
  const message = `images: expected an input of shape [N, 3, height, width] or [N, height, width, 3] (1 for grey), got ${got} for '${input.name}'; give a .js module or an .npz file`;
  throw new FxqError('DATASET', message, { tensor: input.name, actual: shape });
}

/** What is done where nothing is said: what models of this input are most often trained with. */
export function assumePreprocessing({ input, channels, width, height, layout }: ImageInput): Preprocessing {
  const size = { width: width ?? height ?? IMAGENET_CROP, height: height ?? width ?? IMAGENET_CROP };
  const isReal = isFloat(input.type);
  return {
    ...assumeSize(size),
    filter: 'bilinear',
    channels: channels === 1 ? 'grey' : 'rgb',
    layout,
    scale: isReal ? 1 / 255 : 1,
    ...(isReal && channels === 3 ? IMAGENET : {}),
  };
}

/** Squares are cut out of the centre of images that cover them, other shapes are what images are squeezed into. */
function assumeSize(size: Size): Pick<Preprocessing, 'resize' | 'crop'> {
  if (size.width !== size.height) return { resize: size };
  return { resize: size.width === IMAGENET_CROP ? IMAGENET_EDGE : size.width, crop: size };
}
