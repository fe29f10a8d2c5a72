/** Access to files, handed in: the command line has the disk, tests and browsers have something else. */
export interface DatasetReader {
  /** The bytes of the file of this path; rejects where there is none. */
  readFile(path: string): Promise<Uint8Array>;
  /** Whether there is a file or folder of this path. */
  exists(path: string): Promise<boolean>;
  /** The names in a folder; `undefined` when the path is not a folder. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** The namespace of a JavaScript module, as `import()` gives it. */
  importModule(path: string): Promise<unknown>;
}

/** A path below a folder. */
export function join(folder: string, name: string): string {
  return `${folder.replace(/[\\/]+$/, '')}/${name}`;
}

export async function readText(path: string, reader: DatasetReader): Promise<string> {
  return new TextDecoder().decode(await reader.readFile(path));
}
