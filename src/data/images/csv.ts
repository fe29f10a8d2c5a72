import { FxqError } from '../../errors.js';

/** A row of a table: its fields by the names in the header, and the line that it starts in. */
export interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads comma-separated values (RFC 4180): fields in quotes may hold commas, line breaks and doubled quotes; lines end in
 * LF or CRLF; empty lines and a byte order mark are passed over. Semicolons and tabs separate, too, where the first line
 * has these and no commas.
 *
 * @returns all rows, the header as the first
 * @throws FxqError `DATASET`, with the line, for open quotes, text after closing ones, and rows of another length
 * @example
 * parseCsv('file,label\n"a, b.png",cat\n', 'labels.csv'); // fields ['file', 'label'] and ['a, b.png', 'cat']
 */
export function parseCsv(text: string, file: string): Row[] {
  const body = text.replace(/^\uFEFF/, '');
  const [head] = body.split(/\r?\n/, 1);
  const separator = head.includes(',') ? ',' : head.includes(';') ? ';' : head.includes('\t') ? '\t' : ',';
  // A field, in quotes or not, and what ends it.
  const pattern = new RegExp(
    `(?:"([^"]*(?:""[^"]*)*)"|([^"${separator}\\r\\n][^${separator}\\r\\n]*|))(${separator}|\\r?\\n|$)`,
    'y',
  );
  const rows: Row[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  while (pattern.lastIndex < body.length || fields.length > 0) {
    const at = pattern.lastIndex;
    const [whole, quoted, plain, end] = pattern.exec(body) ?? fail(file, line, body.slice(at, at + 40));
    fields.push(quoted?.replaceAll('""', '"') ?? plain.trim());
    line += whole.split('\n').length - 1;
    if (end === separator) continue;
    const isEmpty = fields.length === 1 && fields[0] === '' && quoted === undefined;
    if (!isEmpty) rows.push({ line: start, fields });
    fields = [];
    start = line;
    if (end === '') break;
  }
  const odd = rows.find((row) => row.fields.length !== rows[0].fields.length);
  if (odd) {
    const message = `${file}: expected ${rows[0].fields.length} fields as in the header, got ${odd.fields.length} (line ${odd.line})`;
    throw new FxqError('DATASET', message, { file, expected: rows[0].fields.length, actual: odd.fields.length });
  }
  return rows;
}

function fail(file: string, line: number, text: string): never {
  const message = `${file}: expected a field, with quotes that close around all of it, got ${JSON.stringify(text)} (line ${line})`;
  throw new FxqError('DATASET', message, { file, actual: text });
}
