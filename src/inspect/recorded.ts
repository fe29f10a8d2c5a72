import { FxqError } from '../errors.js';
import type { Model } from '../model/model.js';
import { formatNamed } from '../quantize/formats/parse.js';
import { recordedFormats } from '../quantize/record.js';
import type { QuantizedTo } from './figures.js';

/** Tells the number format of a tensor by its name; what cannot be read of a stranger's model is none. */
export function formatFinder(model: Model | undefined): (name: string) => QuantizedTo | undefined {
  const formats = readable(model);
  return (name) => {
    const format = formats.get(name);
    return format && { ...format, bits: formatNamed(format.weights)?.bits ?? 32 };
  };
}

function readable(model: Model | undefined): ReturnType<typeof recordedFormats> {
  try {
    return model ? recordedFormats(model) : new Map();
  } catch (error) {
    if (!(error instanceof FxqError)) throw error;
    return new Map();
  }
}
