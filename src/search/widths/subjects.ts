import { breather } from '../../breather.js';
import type { FreeValue } from '../../calibrate/ranges/plan.js';
import { throwIfAborted } from '../../errors.js';
import { present } from '../../guards.js';
import type { Tensor } from '../../model/model.js';
import { finiteWeights } from '../../model/patch.js';
import type { ValueRounding } from '../../quantize/values.js';
import { energies } from '../../sensitivity/weights.js';
import { type LayerSettings, quantizeLayer } from '../../stages/quantize.js';
import type { FormatWidth } from './options.js';
import type { Subject, Width } from './path.js';

/** A layer's weights. */
interface WeightSubject extends Subject {
  readonly tensor: Tensor;
  readonly widths: readonly (Width & { readonly format: string })[];
}

/** A value that layers take in. */
interface ValueSubject extends Subject {
  readonly name: string;
  readonly widths: readonly (Width & { readonly format: string; readonly rounding: ValueRounding })[];
}

/** The noise that each width makes in each layer, rounded to the nearest. */
export async function weightSubjects(
  settings: ReadonlyMap<Tensor, LayerSettings>,
  tensors: readonly Tensor[],
  widths: readonly FormatWidth[],
  signal: AbortSignal | undefined,
): Promise<WeightSubject[]> {
  const breathe = breather();
  const subjects: WeightSubject[] = [];
  for (const tensor of tensors) {
    throwIfAborted(signal);
    await breathe();
    const original = finiteWeights(tensor);
    const noises = widths.map(({ bits, name: format }) => {
      const rounded = quantizeLayer(original.slice(), { ...present(settings.get(tensor)), weights: format });
      const { noise, signal } = energies(original, rounded);
      return { format, bits, noise: signal > 0 ? noise / signal : 0 };
    });
    subjects.push({ tensor, count: tensor.count, widths: noises });
  }
  return subjects;
}

/**
 * The same of values. They count as weights do: what hardware fetches for one input is both, and relative noise of either factor of a
 * product is relative noise of the product.
 */
export function valueSubjects(values: readonly FreeValue[], widths: readonly FormatWidth[]): ValueSubject[] {
  return values.map(({ name, count, roundedTo }) => ({
    ...{ name, count },
    widths: widths.map(({ bits, name: format }) => ({ format, bits, ...roundedTo(format) })),
  }));
}
