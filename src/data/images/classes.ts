import { FxqError } from '../../errors.js';
import { fieldOf, messageOf, present } from '../../guards.js';

/** What classes are called. */
export interface ClassNames {
  /** Where the names are from, for messages. */
  readonly file: string;
  readonly count: number;
  /** The class of this name; capitals, and underscores for spaces, make no difference. */
  indexOf(name: string): number | undefined;
}

/**
 * Reads names of classes:
 *
 * - text with a name in each line, from class 0 on; `n01440764 tench, Tinca tinca` goes by its number, too
 * - a JSON list of names, or an object of them by class: `{ "0": "tench" }`, Keras' `{ "0": ["n01440764", "tench"] }`
 * - Hugging Face's `config.json`, of which `id2label` is taken
 *
 * A name goes by what stands before its first comma, too, unless that is another's as well.
 *
 * @returns `undefined` for JSON that holds no such names
 * @throws FxqError `DATASET` for damaged JSON
 * @example
 * parseClassNames('cat\ndog\n', 'labels.txt')?.indexOf('Dog'); // 1
 */
export function parseClassNames(text: string, file: string): ClassNames | undefined {
  const names = /\.json$/i.test(file) ? namesInJson(text, file) : namesInLines(text);
  if (!names) return undefined;
  const whole = tableOf(names.map((aliases) => [aliases.join(' ')]));
  const parts = tableOf(names.map(aliasesOf));
  return {
    file,
    count: names.length,
    indexOf: (name) => whole.get(plain(name)) ?? parts.get(plain(name)),
  };
}

function namesInLines(text: string): string[][] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) => [line]);
}

function namesInJson(text: string, file: string): string[][] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `${file}: expected JSON with the names of classes, got damaged JSON (${messageOf(cause)})`;
    throw new FxqError('DATASET', message, { file, cause });
  }
  const table = fieldOf(value, 'id2label') ?? value;
  if (typeof table !== 'object' || table === null) return undefined;
  const entries = Object.entries(table).map(([key, names]) => [Number(key), [names].flat()] as const);
  const isNames = entries.every(([index, names]) => {
    return Number.isSafeInteger(index) && index >= 0 && names.every((name) => typeof name === 'string');
  });
  if (!isNames || entries.length === 0) return undefined;
  const names: string[][] = [];
  // Not by assignment to a place: one absurd number would make an array of that length.
  for (const [index, aliases] of entries.sort(([a], [b]) => a - b)) {
    if (index !== names.length) return undefined;
    names.push(aliases);
  }
  return names;
}

/** What a class goes by beside its whole name. */
function aliasesOf(names: readonly string[]): string[] {
  const all = names.flatMap((name) => {
    const [, synset, rest] = /^(n\d{8})\s+(.+)$/.exec(name) ?? [];
    return synset === undefined ? [name] : [synset, rest];
  });
  return [...new Set(all.flatMap((name) => [name, name.split(',', 1)[0]]).map(plain))];
}

/** Names that several classes have are nobody's. */
function tableOf(names: readonly (readonly string[])[]): Map<string, number | undefined> {
  const table = new Map<string, number | undefined>();
  for (const [index, aliases] of names.entries()) {
    for (const alias of aliases.map(plain)) table.set(alias, table.has(alias) ? undefined : index);
  }
  return table;
}

function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, ' ');
}

/** A class given by its number. */
function numberOf(name: string): number | undefined {
  return /^\d{1,9}$/.test(name.trim()) ? Number(name) : undefined;
}

/** How names were made numbers, in words. */
export interface Numbered {
  readonly labels: readonly number[];
  readonly how: string;
  /** Whether nothing but their order says which name is which class. */
  readonly isByOrder: boolean;
}

/**
 * Makes classes of names: by the names of the classes where they are known, by themselves where they are numbers, and by
 * their order otherwise, as torchvision's `ImageFolder` does.
 *
 * @param what - for messages: what the names are of
 * @param isAsked - whether the names of the classes were given for this, and were not just lying there
 * @throws FxqError `DATASET` for a name that no class has
 */
export function numberNames(
  names: readonly string[],
  what: string,
  known: ClassNames | undefined,
  isAsked: boolean,
): Numbered {
  const distinct = [...new Set(names)];
  const missing = distinct.filter((name) => known?.indexOf(name) === undefined);
  const isNumeric = distinct.every((name) => numberOf(name) !== undefined);
  if (known && (missing.length === 0 || (missing.length < distinct.length && !isNumeric) || (isAsked && !isNumeric))) {
    if (missing.length > 0) {
      const message = `${what} '${missing[0]}': expected the name of one of the ${known.count} classes in ${known.file}, got none of them`;
      throw new FxqError('DATASET', message, { file: known.file, actual: missing[0] });
    }
    const labels = names.map((name) => present(known.indexOf(name)));
    return { labels, how: `classes by name from ${known.file}`, isByOrder: false };
  }
  if (isNumeric) {
    return { labels: names.map((name) => present(numberOf(name))), how: 'names are class numbers', isByOrder: false };
  }
  const order = new Map(distinct.sort().map((name, index) => [name, index]));
  const labels = names.map((name) => present(order.get(name)));
  return { labels, how: `classes numbered by name: ${show([...order.keys()])}`, isByOrder: true };
}

function show(names: readonly string[]): string {
  const numbered = names.map((name, index) => `${index} ${name}`);
  return numbered.length <= 3 ? numbered.join(', ') : `${numbered[0]}, ${numbered[1]}, … ${numbered.at(-1)}`;
}
