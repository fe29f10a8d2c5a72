/** External data that lies outside the model's folder, or outside its file. */
import { attrGraph, externalData, graphProto, modelProto, node, tensorProto } from '../onnx-builder.js';
import { type HostileModel, inTensor } from './model.js';

/** Four floats outside; the entries of `external_data` as given. */
function outside(entries: Record<string, string>, dims: (number | bigint)[] = [4]): Uint8Array {
  return inTensor(tensorProto({ name: 'outside', dataType: 1, dims, content: externalData(entries) }));
}

/** The files are there for whoever asks, so that only the reader's own check stands in the way. */
export function externalLocations(): HostileModel[] {
  const locations = [
    '../secret',
    'weights/../../secret',
    'weights/..',
    '..',
    '.',
    '/etc/passwd',
    'C:\\x',
    'C:x',
    'c:/x',
    '..\\secret',
    'weights\\..\\..\\secret',
    '\\\\server\\share\\x',
    '//server/share/x',
    'weights\0.bin',
    '',
  ];
  const models = locations.map(
    (location): HostileModel => ({
      name: `external location ${JSON.stringify(location)}`,
      bytes: outside({ location, offset: '0', length: '16' }),
      external: { [location]: new Uint8Array(16) },
      code: 'EXTERNAL_DATA',
    }),
  );
  const inBranch = graphProto({
    initializers: [
      tensorProto({ name: 'deep', dataType: 1, dims: [4], content: externalData({ location: '../secret' }) }),
    ],
  });
  return [
    ...models,
    {
      name: 'external without a location',
      bytes: outside({}),
      external: { '': new Uint8Array(16) },
      code: 'EXTERNAL_DATA',
    },
    {
      name: 'external location in a branch',
      bytes: modelProto({ graph: { nodes: [node('If', ['c'], ['y'], [attrGraph('then_branch', inBranch)])] } }),
      external: { '../secret': new Uint8Array(16) },
      code: 'EXTERNAL_DATA',
    },
    { name: 'external file that is not there', bytes: outside({ location: 'gone.bin' }), code: 'EXTERNAL_DATA' },
  ];
}

export function externalRanges(): HostileModel[] {
  const ranges: [string, Record<string, string>][] = [
    ['offset beyond the end', { offset: '65', length: '16' }],
    ['length beyond the end', { offset: '56', length: '16' }],
    ['length missing, shape beyond the end', { offset: '56' }],
    ['offset far beyond the end', { offset: '9007199254740993', length: '16' }],
    ['offset of thirty digits', { offset: '1'.repeat(30), length: '16' }],
    ['offset that wraps at 2^64', { offset: '18446744073709551600', length: '16' }],
    ['negative offset', { offset: '-16', length: '16' }],
    ['negative length', { offset: '0', length: '-16' }],
    ['offset in words', { offset: 'four', length: '16' }],
    ['length in words', { offset: '0', length: 'all' }],
    ['empty offset', { offset: '', length: '16' }],
    ['offset with a fraction', { offset: '0.5', length: '16' }],
    ['offset with an exponent', { offset: '1e1', length: '16' }],
    ['hexadecimal offset', { offset: '0x10', length: '16' }],
    ['offset NaN', { offset: 'NaN', length: '16' }],
    ['offset Infinity', { offset: 'Infinity', length: '16' }],
    ['length below the shape', { offset: '0', length: '12' }],
    ['length above the shape', { offset: '0', length: '20' }],
  ];
  const files = { 'w.bin': new Uint8Array(64) };
  return [
    ...ranges.map(
      ([name, entries]): HostileModel => ({
        name: `external: ${name}`,
        bytes: outside({ location: 'w.bin', ...entries }),
        external: files,
        code: 'EXTERNAL_DATA',
        orCode: 'ONNX_MALFORMED',
      }),
    ),
    {
      name: 'external: shape of 2^60 elements',
      bytes: outside({ location: 'w.bin' }, [2n ** 60n]),
      external: files,
      code: 'EXTERNAL_DATA',
      orCode: 'ONNX_MALFORMED',
    },
  ];
}
