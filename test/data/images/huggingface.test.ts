import { describe, expect, it } from 'vitest';
import { isHuggingFace, readHuggingFace } from '../../../src/data/images/huggingface.js';

const HALVES = [0.5, 0.5, 0.5];
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** Configurations as models publish them, and what their processors do. */
const PUBLISHED: [name: string, config: Record<string, unknown>, steps: object][] = [
  [
    'ViT, a feature extractor of old: a size is a square',
    {
      ...{ do_normalize: true, do_resize: true, feature_extractor_type: 'ViTFeatureExtractor' },
      ...{ image_mean: HALVES, image_std: HALVES, resample: 2, size: 224 },
    },
    {
      resize: { width: 224, height: 224 },
      filter: 'bilinear',
      crop: undefined,
      scale: 1 / 255,
      mean: HALVES,
      std: HALVES,
    },
  ],
  [
    'ViT, an image processor',
    {
      ...{ do_convert_rgb: null, do_normalize: true, do_rescale: true, do_resize: true, image_mean: HALVES },
      ...{ image_processor_type: 'ViTImageProcessor', image_std: HALVES, resample: 2 },
      ...{ rescale_factor: 0.00392156862745098, size: { height: 224, width: 224 } },
    },
    { resize: { width: 224, height: 224 }, filter: 'bilinear', crop: undefined, scale: 0.00392156862745098 },
  ],
  [
    'ResNet: ConvNeXt’s, which crops what crop_pct leaves',
    {
      ...{ crop_pct: 0.875, do_normalize: true, do_resize: true, feature_extractor_type: 'ConvNextFeatureExtractor' },
      ...{ image_mean: MEAN, image_std: STD, resample: 3, size: 224 },
    },
    { resize: 256, filter: 'bicubic', crop: 224, scale: 1 / 255, mean: MEAN, std: STD },
  ],
  [
    'ConvNeXt at 384: squeezed, not cropped',
    {
      ...{ crop_pct: 0.875, do_normalize: true, do_rescale: true, do_resize: true, image_mean: MEAN, image_std: STD },
      ...{ image_processor_type: 'ConvNextImageProcessor', resample: 3, size: { shortest_edge: 384 } },
    },
    { resize: { width: 384, height: 384 }, crop: undefined },
  ],
  [
    'MobileNet v2',
    {
      ...{ crop_size: { height: 224, width: 224 }, do_center_crop: true, do_normalize: true, do_rescale: true },
      ...{ do_resize: true, image_mean: HALVES, image_std: HALVES, resample: 2, size: { shortest_edge: 256 } },
      ...{ image_processor_type: 'MobileNetV2ImageProcessor', rescale_factor: 1 / 255 },
    },
    { resize: 256, filter: 'bilinear', crop: { width: 224, height: 224 }, mean: HALVES },
  ],
  [
    'CLIP, a feature extractor of old: a size is the shorter edge',
    {
      ...{ crop_size: 224, do_center_crop: true, do_normalize: true, do_resize: true, resample: 3, size: 224 },
      ...{ feature_extractor_type: 'CLIPFeatureExtractor', image_mean: MEAN, image_std: STD },
    },
    { resize: 224, filter: 'bicubic', crop: 224 },
  ],
  [
    'MobileViT: blue first, no mean',
    {
      ...{ crop_size: { height: 256, width: 256 }, do_center_crop: true, do_flip_channel_order: true, do_resize: true },
      ...{ feature_extractor_type: 'MobileViTFeatureExtractor', resample: 2, size: { shortest_edge: 288 } },
    },
    { resize: 288, crop: { width: 256, height: 256 }, channels: 'bgr', scale: 1 / 255, mean: [0], std: [1] },
  ],
  [
    'LeViT: more than it says',
    {
      ...{ crop_size: { height: 224, width: 224 }, do_center_crop: true, do_normalize: true, do_resize: true },
      ...{ image_processor_type: 'LevitImageProcessor', image_mean: MEAN, image_std: STD, resample: 3 },
      size: { shortest_edge: 224 },
    },
    { resize: 256, crop: { width: 224, height: 224 } },
  ],
  [
    'PoolFormer: a crop_pct beside a crop',
    {
      ...{ crop_pct: 0.9, crop_size: { height: 224, width: 224 }, do_center_crop: true, do_normalize: true },
      ...{ do_resize: true, image_mean: MEAN, image_std: STD, resample: 3, size: { shortest_edge: 224 } },
      image_processor_type: 'PoolFormerImageProcessor',
    },
    { resize: 248, crop: { width: 224, height: 224 } },
  ],
  [
    'EfficientNet: divided by the deviations twice',
    {
      ...{ crop_size: { height: 289, width: 289 }, do_center_crop: false, do_normalize: true, do_rescale: true },
      ...{ do_resize: true, image_mean: MEAN, image_std: HALVES, include_top: true, resample: 0 },
      ...{
        image_processor_type: 'EfficientNetImageProcessor',
        rescale_offset: false,
        size: { height: 224, width: 224 },
      },
    },
    { filter: 'nearest', crop: undefined, mean: MEAN, std: [0.25, 0.25, 0.25] },
  ],
];

describe('preprocessor_config.json', () => {
  it.each(PUBLISHED)('of %s', (_, config, steps) => {
    expect(isHuggingFace(config)).toBe(true);
    expect(readHuggingFace(config)).toMatchObject(steps);
  });

  it('is followed where it turns steps off', () => {
    const off = { do_resize: false, do_center_crop: false, do_rescale: false, do_normalize: false };
    const config = { ...off, size: 224, crop_size: 224, image_mean: MEAN, image_std: STD };
    expect(readHuggingFace(config)).toMatchObject({
      resize: undefined,
      crop: undefined,
      scale: 1,
      mean: [0],
      std: [1],
    });
    expect(readHuggingFace({ do_rescale: true, rescale_factor: 1 / 127.5, rescale_offset: true })).toMatchObject({
      ...{ scale: 1 / 127.5, mean: [1], std: [1] },
    });
    expect(readHuggingFace({ do_grayscale: true }).channels).toBe('grey');
  });

  it.each([
    ['a step that is not known', { do_pad: true }, /do_pad to be absent.* got true/],
    ['a step of another kind', { do_image_splitting: true }, /do_image_splitting/],
    ['a size that changes with the image', { min_pixels: 3136 }, /min_pixels/],
    ['an edge that is not known', { size: { longest_edge: 448 } }, /size to be a shortest_edge, or height and width/],
    ['a size of nothing', { size: 0 }, /size to be a length in pixels, got 0/],
    ['a filter that is none', { resample: 9 }, /resample to be a number from 0 to 5, got 9/],
    ['a mean of two', { image_mean: [1, 2], image_std: STD }, /image_mean to be three numbers/],
    ['a mean without deviations', { image_mean: MEAN }, /image_std to be three numbers/],
    ['deviations of zero', { image_mean: MEAN, image_std: [1, 0, 1] }, /image_std to be other than 0/],
  ])('refuses %s', (_, config, message) => {
    expect(() => readHuggingFace(config, 'p.json')).toThrow(
      expect.objectContaining({ code: 'CONFIG', file: 'p.json' }),
    );
    expect(() => readHuggingFace(config)).toThrow(message);
  });

  it('passes over what changes nothing, and over what is about audio', () => {
    const config = {
      size: 8,
      do_pad: false,
      do_reduce_labels: false,
      size_divisor: null,
      processor_class: 'X',
      foo: 1,
    };
    expect(readHuggingFace(config)).toMatchObject({ resize: 8 });
    const audio = { feature_size: 80, sampling_rate: 16000, padding_side: 'right' };
    expect(isHuggingFace(audio)).toBe(false);
  });
});
