import { FxqError } from '../../errors.js';
import { type DatasetReader, join, readText } from '../reader.js';
import { type ClassNames, type Numbered, numberNames, parseClassNames } from './classes.js';
import { parseCsv } from './csv.js';
import { isForeignImage, isImageName } from './decode.js';

/** Images in the order in which they are read, and what is known of their classes. */
export interface ImageFolder {
  /** Paths below the folder. */
  readonly files: readonly string[];
  readonly classes?: Numbered | undefined;
  /** Number of names that the classes were made from. */
  readonly names?: number | undefined;
  /** Images of kinds that are not read, by their paths. */
  readonly foreign?: readonly string[] | undefined;
}

/** What a table of labels is called where nobody names it; the second is Hugging Face's. */
const TABLES = ['labels.csv', 'metadata.csv'];
const CLASS_LISTS = ['labels.txt', 'classes.txt', 'config.json'];
const FILE_COLUMNS = ['file', 'file_name', 'filename', 'image', 'path'];
const LABEL_COLUMNS = ['label', 'class', 'class_name', 'labels', 'target'];

/**
 * Finds the images in a folder, and their classes: folders of the names of classes, or all in one folder, with a table
 * (CSV) or without labels. Where folders are classes, each gives an image in turn, so that any first so many are of
 * all classes alike.
 *
 * @param names - what is in the folder
 * @param given - files with labels that the user names: a table, names of classes, or both
 * @param beside - folders in which names of classes may lie, beside the folder itself
 * @returns `undefined` where there are no images
 * @throws FxqError `DATASET`
 */
export async function readImageFolder(
  folder: string,
  names: readonly string[],
  reader: DatasetReader,
  given: readonly string[] = [],
  beside: readonly string[] = [],
): Promise<ImageFolder | undefined> {
  const visible = names.filter((name) => !/^(\.|__)/.test(name)).sort();
  const images = visible.filter(isImageName);
  const known = await findClassNames(folder, visible, reader, given, beside);
  const table =
    given.find(isTable) ?? TABLES.filter((name) => visible.includes(name)).map((name) => join(folder, name))[0];
  if (table !== undefined && (given.includes(table) || images.length > 0)) {
    const rows = await readTable(table, reader, given.includes(table));
    if (rows) return labelled(folder, rows, table, reader, known);
  }
  if (images.length > 0) return { files: images, foreign: visible.filter(isForeignImage) };

  const folders: { name: string; files: string[] }[] = [];
  const foreign: string[] = [];
  for (const name of visible.filter((each) => !/\.(npz|npy|pb|csv|txt|json|md|onnx|fxq)$/i.test(each))) {
    const inside = (await reader.list(join(folder, name)))?.filter((each) => !each.startsWith('.'));
    if (!inside) continue;
    const files = inside.filter(isImageName).sort();
    folders.push({ name, files });
    foreign.push(...inside.filter(isForeignImage).map((each) => `${name}/${each}`));
    if (files.length > 0) continue;
    for (const nested of inside.slice(0, 3)) {
      if (!(await reader.list(join(folder, `${name}/${nested}`)))?.some(isImageName)) continue;
      const message = `${folder}: expected images in folders of the names of classes, found '${name}/${nested}' one level further down; give ${join(folder, name)}`;
      throw new FxqError('DATASET', message, { file: folder });
    }
  }
  const filled = folders.filter(({ files }) => files.length > 0);
  if (filled.length === 0) return undefined;
  const classes = numberNames(
    folders.map(({ name }) => name),
    `${folder}: folder`,
    known?.names,
    known?.isGiven ?? false,
  );
  const turns = Math.max(...folders.map(({ files }) => files.length));
  const files: string[] = [];
  const labels: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, { name, files: own }] of folders.entries()) {
      if (turn >= own.length) continue;
      files.push(`${name}/${own[turn]}`);
      labels.push(classes.labels[i]);
    }
  }
  return { files, classes: { ...classes, labels }, names: folders.length, foreign };
}

/** The names of classes that the user gives, or those that lie in the folder or beside the model. */
async function findClassNames(
  folder: string,
  names: readonly string[],
  reader: DatasetReader,
  given: readonly string[],
  beside: readonly string[],
): Promise<{ names: ClassNames; isGiven: boolean } | undefined> {
  const asked = given.find((file) => !isTable(file));
  if (asked !== undefined) {
    const found = parseClassNames(await readText(asked, reader), asked);
    if (found) return { names: found, isGiven: true };
    const message = `${asked}: expected names of classes, as lines of text or as JSON with id2label, got neither`;
    throw new FxqError('DATASET', message, { file: asked });
  }
  const inside = CLASS_LISTS.filter((name) => names.includes(name)).map((name) => join(folder, name));
  const others: string[] = [];
  for (const place of beside) {
    const path = join(place, 'config.json');
    if (await reader.exists(path)) others.push(path);
  }
  for (const path of [...inside, ...others]) {
    const found = parseClassNames(await readText(path, reader), path);
    if (found) return { names: found, isGiven: false };
  }
  return undefined;
}

interface LabelledFile {
  readonly line: number;
  readonly file: string;
  readonly label: string;
}

/** Which file has which label. */
async function readTable(table: string, reader: DatasetReader, isGiven: boolean): Promise<LabelledFile[] | undefined> {
  const [header, ...rows] = parseCsv(await readText(table, reader), table);
  const heads = (header?.fields ?? []).map((name) => name.trim().toLowerCase());
  const file = heads.findIndex((name) => FILE_COLUMNS.includes(name));
  const label = heads.findIndex((name) => LABEL_COLUMNS.includes(name));
  if (file >= 0 && label >= 0) {
    return rows.map(({ line, fields }) => ({ line, file: tidy(fields[file]), label: fields[label] }));
  }
  // A table that merely lies there may be about something else.
  if (!isGiven) return undefined;
  const message = `${table}: expected a header with the columns file and label, got ${heads.join(', ') || 'nothing'}`;
  throw new FxqError('DATASET', message, { file: table, expected: ['file', 'label'], actual: heads });
}

/** The images that a table names, in its order. */
async function labelled(
  folder: string,
  rows: readonly LabelledFile[],
  table: string,
  reader: DatasetReader,
  known: { names: ClassNames; isGiven: boolean } | undefined,
): Promise<ImageFolder> {
  const wrong = (line: number, what: string) =>
    new FxqError('DATASET', `${table}: ${what} (line ${line})`, { file: table, actual: line });
  const folders = new Map<string, ReadonlySet<string>>();
  const seen = new Map<string, number>();
  for (const { line, file } of rows) {
    const [, parent = '', name] = /^(?:(.*)\/)?([^/]*)$/.exec(file) ?? [];
    if (!folders.has(parent)) {
      const place = parent === '' ? folder : join(folder, parent);
      folders.set(parent, new Set((await reader.exists(place)) ? await reader.list(place) : []));
    }
    if (!folders.get(parent)?.has(name)) throw wrong(line, `expected the name of a file in ${folder}, got '${file}'`);
    const before = seen.get(file);
    if (before !== undefined) throw wrong(line, `expected each file once, got '${file}' again after line ${before}`);
    seen.set(file, line);
  }
  const labels = rows.map(({ label }) => label);
  const classes = numberNames(labels, `${table}: label`, known?.names, known?.isGiven ?? false);
  return { files: rows.map(({ file }) => file), classes, names: new Set(labels).size };
}

function isTable(file: string): boolean {
  return /\.(csv|tsv)$/i.test(file);
}

function tidy(path: string): string {
  return path.trim().replaceAll('\\', '/').replace(/^\.\//, '');
}
