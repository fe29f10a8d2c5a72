import { strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { parseClassNames } from '../../../src/data/images/classes.js';
import { parseCsv } from '../../../src/data/images/csv.js';
import { readImageFolder } from '../../../src/data/images/folder.js';
import { memoryReader } from '../../evaluate/support.js';

describe('parseCsv', () => {
  const fields = (text: string) => parseCsv(text, 't.csv').map((row) => row.fields);
  it.each([
    [
      'plain lines',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no line break at the end, CRLF, a byte order mark',
      '\uFEFFa,b\r\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quotes',
      '"a","b"\n"1, ""one""","x\ny"\n',
      [
        ['a', 'b'],
        ['1, "one"', 'x\ny'],
      ],
    ],
    [
      'empty fields and lines',
      'a,b\n\n,\n"",x\n\n',
      [
        ['a', 'b'],
        ['', ''],
        ['', 'x'],
      ],
    ],
    [
      'semicolons',
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1\t2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'spaces around',
      'a , b\n 1 ,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['one empty quoted field', 'a\n""\n', [['a'], ['']]],
    ['nothing', '', []],
  ])('reads %s', (_, text, rows) => expect(fields(text)).toEqual(rows));

  it('counts lines inside of quotes', () => {
    expect(parseCsv('a,b\n"x\n\ny",1\nz,2\n', 't').map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  it.each([
    ['an open quote', 'a,b\n1,"2\n3,4\n', /t\.csv: expected a field.*\(line 2\)/],
    ['text after a quote', 'a,b\n"1"x,2\n', /\(line 2\)/],
    ['a field too many', 'a,b\n1,2\n1,2,3\n', /expected 2 fields as in the header, got 3 \(line 3\)/],
  ])('refuses %s', (_, text, message) => {
    expect(() => fields(text)).toThrow(
      expect.objectContaining({ code: 'DATASET', message: expect.stringMatching(message) }),
    );
  });
});

describe('parseClassNames', () => {
  it.each([
    ['lines', 'labels.txt', 'tench\ngolden retriever\n\n'],
    ['lines with synsets', 'synset_words.txt', 'n01440764 tench, Tinca tinca\nn02099601 golden retriever\n'],
    ['a list', 'c.json', '["tench", "golden retriever"]'],
    ['an object', 'c.json', '{"1": "golden retriever", "0": "tench, Tinca tinca"}'],
    ['Keras', 'c.json', '{"0": ["n01440764", "tench"], "1": ["n02099601", "golden_retriever"]}'],
    ['Hugging Face', 'config.json', '{"id2label": {"0": "tench", "1": "golden retriever"}, "model_type": "vit"}'],
  ])('reads %s', (_, file, text) => {
    const names = parseClassNames(text, file);
    expect(names?.count).toBe(2);
    expect([names?.indexOf('tench'), names?.indexOf('Golden_Retriever'), names?.indexOf('cat')]).toEqual([
      0,
      1,
      undefined,
    ]);
    if (/synset|Keras/.test(text + _)) expect(names?.indexOf('n02099601')).toBe(1);
  });

  it('gives a name that two classes share to neither, the whole one to its own', () => {
    const names = parseClassNames('crane, bird\ncrane, machine\ncrow\n', 'l.txt');
    expect([names?.indexOf('crane'), names?.indexOf('crane, machine'), names?.indexOf('crow')]).toEqual([
      undefined,
      1,
      2,
    ]);
  });

  it('finds none in other JSON, and tells of damaged', () => {
    for (const text of ['{"model_type": "x"}', '3', '{"5": "a"}', '{"id2label": {}}', '{"0": 1}']) {
      expect(parseClassNames(text, 'config.json')).toBeUndefined();
    }
    expect(() => parseClassNames('{', 'config.json')).toThrow(/config\.json: expected JSON .* damaged/);
  });
});

describe('readImageFolder', () => {
  const files = (texts: Record<string, string>) =>
    memoryReader(Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, strToU8(text)])));
  const read = async (texts: Record<string, string>, given?: string[], beside?: string[]) => {
    const reader = files(texts);
    return readImageFolder('d', (await reader.list('d'))!, reader, given, beside);
  };
  const FOLDERS = {
    'd/dog/1.png': '',
    'd/cat/b.PNG': '',
    'd/cat/a.jpg': '',
    'd/cat/.hidden.jpg': '',
    'd/.git/x.png': '',
  };

  it('numbers folders by name, and takes an image of each in turn', async () => {
    const found = await read({ ...FOLDERS, 'd/readme.md': '', 'd/dog/notes.txt': '' });
    expect(found?.files).toEqual(['cat/a.jpg', 'dog/1.png', 'cat/b.PNG']);
    expect(found?.classes).toMatchObject({ labels: [0, 1, 0], isByOrder: true });
  });

  it('takes folder names for numbers where they are', async () => {
    const found = await read({ 'd/10/a.png': '', 'd/2/a.png': '', 'd/007/a.png': '' });
    expect(found?.classes).toMatchObject({ labels: [7, 10, 2], isByOrder: false });
  });

  it('finds names of classes: given, in the folder, beside the model', async () => {
    const list = 'dog\nbird\ncat\n';
    for (const [more, given, beside] of [
      [{ 'l.txt': list }, ['l.txt'], []],
      [{ 'd/labels.txt': list }, [], []],
      [{ 'm/config.json': '{"id2label": {"0": "dog", "1": "bird", "2": "cat"}}' }, [], ['m']],
    ] as const) {
      const found = await read({ ...FOLDERS, ...more }, [...given], [...beside]);
      expect(found?.classes?.labels).toEqual([2, 0, 2]);
    }
  });

  it('passes over names that are of something else, but not those that were given', async () => {
    const others = { 'm/config.json': '{"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}', 'o.txt': 'one\ntwo\n' };
    expect((await read({ ...FOLDERS, ...others }, [], ['m']))?.classes?.labels).toEqual([0, 1, 0]);
    await expect(read({ ...FOLDERS, ...others }, ['o.txt'])).rejects.toThrow(
      /folder 'cat': expected the name of one of the 2 classes in o\.txt/,
    );
    const partly = { ...FOLDERS, 'd/labels.txt': 'cat\nbird\n' };
    await expect(read(partly)).rejects.toMatchObject({
      code: 'DATASET',
      message: expect.stringMatching(/folder 'dog'.*labels\.txt/),
    });
  });

  it('reads images in one folder, without labels', async () => {
    const files = { 'd/b.png': '', 'd/a.webp': '', 'd/x.txt': '', 'd/c.bmp': '' };
    expect(await read(files)).toEqual({ files: ['a.webp', 'b.png'], foreign: ['c.bmp'] });
  });

  const FLAT = { 'd/a, b.png': '', 'd/c.png': '', 'd/sub/e.png': '' };
  it.each([
    ['by number', 'file,label\n"a, b.png",3\n./c.png,1\nsub\\e.png,3\n', [3, 1, 3]],
    ['by name', 'label,File_Name,size\nfox,"a, b.png",1\nant,c.png,2\nfox,sub/e.png,3\n', [1, 0, 1]],
  ])('reads labels from a table %s, in its order', async (_, table, labels) => {
    const found = await read({ ...FLAT, 't.csv': table }, ['t.csv']);
    expect(found?.files).toEqual(['a, b.png', 'c.png', 'sub/e.png']);
    expect(found?.classes?.labels).toEqual(labels);
    expect((await read({ ...FLAT, 'd/labels.csv': table }))?.classes?.labels).toEqual(labels);
  });

  it('reads names in a table by the names of classes', async () => {
    const texts = { ...FLAT, 't.csv': 'file,label\nc.png,fox\n', 'c.txt': 'ant\nbee\nfox\n' };
    expect((await read(texts, ['t.csv', 'c.txt']))?.classes?.labels).toEqual([2]);
  });

  it.each([
    [
      'other columns',
      'id,species\n1,2\n',
      /t\.csv: expected a header with the columns file and label, got id, species/,
    ],
    ['a file that is not there', 'file,label\nc.png,1\nx.png,2\n', /got 'x\.png' \(line 3\)/],
    ['a folder that is not there', 'file,label\ny/c.png,1\n', /got 'y\/c\.png' \(line 2\)/],
    ['a file twice', 'file,label\nc.png,1\n./c.png,2\n', /'c\.png' again after line 2 \(line 3\)/],
  ])('refuses a table with %s', async (_, table, message) => {
    await expect(read({ ...FLAT, 't.csv': table }, ['t.csv'])).rejects.toThrow(message);
  });

  it('points at a folder one level further down, and finds nothing where there is nothing', async () => {
    await expect(read({ 'd/val/cat/1.png': '', 'd/train/cat/1.png': '' })).rejects.toThrow(
      /'train\/cat' one level further down; give d\/train/,
    );
    expect(await read({ 'd/x.txt': '', 'd/sub/y.txt': '' })).toBeUndefined();
  });
});
