import type { Model, Tensor } from '../model/model.js';
import { isPatchable } from '../model/weights.js';
import { readRecords } from '../onnx/metadata.js';
import { recordOf } from '../options/defaults.js';
import { canonicalName, FLOAT32, isFormatName } from './formats/parse.js';
import type { By } from './lines.js';

/** The number format of a tensor, and what has parameters of its own in it. */
export interface TensorFormat {
  readonly weights: string;
  readonly by: By;
}

/** What the stage's name and its options are followed by, where not every weight is of the options' format. */
const EXCEPTIONS = ' layers=';
const STAGE = 'quantize';

/**
 * What is recorded in a model of the formats of its tensors: those of most, and which tensors have others, so that
 * {@link recordedFormats} knows them all.
 *
 * @param options - further ones, which are told where they are not at their defaults
 */
export function formatRecord(
  model: Model,
  formats: ReadonlyMap<Tensor, TensorFormat>,
  options: Record<string, unknown>,
  defaults: Record<string, unknown>,
): string {
  const texts = new Map(Array.from(formats, ([tensor, format]) => [tensor, textOf(format)]));
  const counts = new Map<string, number>();
  for (const [{ count }, text] of Array.from(texts)) counts.set(text, (counts.get(text) ?? 0) + count);
  const [most = FLOAT32] = [...counts].sort(([, one], [, other]) => other - one).map(([text]) => text);
  const exceptions: Record<string, string[]> = {};
  for (const tensor of model.tensors) {
    const text = texts.get(tensor) ?? FLOAT32;
    if (text !== (isExpected(tensor) ? most : FLOAT32)) exceptions[text] = [...(exceptions[text] ?? []), tensor.name];
  }
  const ending = Object.keys(exceptions).length > 0 ? `${EXCEPTIONS}${JSON.stringify(exceptions)}` : '';
  return `${recordOf(`${STAGE} weights=${most}`, options, defaults)}${ending}`;
}

/** The formats of a model's tensors, by name, as the last stage that chose some has recorded them. */
export function recordedFormats(model: Model): Map<string, TensorFormat> {
  const formats = new Map<string, TensorFormat>();
  const record = formatRecordIn(model);
  if (record === undefined) return formats;
  const [settings, exceptions = '{}'] = record.slice(`${STAGE} weights=`.length).split(EXCEPTIONS);
  const most = formatOf(settings);
  const others = new Map(
    Object.entries(parsed(exceptions)).flatMap(([text, names]) => namesIn(names).map((name) => [name, text])),
  );
  for (const tensor of model.tensors) {
    const text = others.get(tensor.name);
    const format = text === undefined ? isExpected(tensor) && most : formatOf(text);
    if (format && format.weights !== FLOAT32) formats.set(tensor.name, format);
  }
  return formats;
}

/** An option that the record of formats tells, as it stands there. */
export function recordedOption(model: Model, name: string): string | undefined {
  const record = formatRecordIn(model)?.split(EXCEPTIONS)[0];
  return record
    ?.split(' ')
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

function formatRecordIn(model: Model): string | undefined {
  return readRecords(model).findLast(({ text }) => text.startsWith(`${STAGE} weights=`))?.text;
}

/** What lossy stages work on by default. */
function isExpected(tensor: Tensor): boolean {
  return tensor.role === 'weight' && isPatchable(tensor);
}

function textOf({ weights, by }: TensorFormat): string {
  return `${canonicalName(weights)}${by === 'layer' ? '' : ` by=${by}`}`;
}

/** A format as {@link textOf} writes it, with whatever options behind it; `undefined` for what no format is. */
function formatOf(text: string): TensorFormat | undefined {
  const [weights, ...options] = text.split(' ');
  const given = options.find((option) => option.startsWith('by='))?.slice(3) ?? 'layer';
  if (!isFormatName(weights)) return undefined;
  const by = given === 'channel' || given === 'group' ? given : Number(given) || 'layer';
  return { weights, by };
}

/** A record comes with the file, from whomever. */
function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function namesIn(names: unknown): string[] {
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
