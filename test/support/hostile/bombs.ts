/** Small files that ask for endless work. */
import { functionProto, modelProto, node, rawData, tensorProto } from '../onnx-builder.js';
import { bytesField, concat, tag, utf8, varint, varintField, WIRE } from '../protobuf.js';
import { type HostileModel, malformed } from './model.js';

export function bombs(): HostileModel[] {
  return [...nestings(), ...mazes()];
}

function nestings(): HostileModel[] {
  const groups = (depth: number, closed: boolean) => {
    const open = concat(Array.from({ length: depth }, () => tag(200, WIRE.startGroup)));
    const close = concat(Array.from({ length: closed ? depth : 0 }, () => tag(200, WIRE.endGroup)));
    return modelProto({ before: concat(open, close) });
  };
  const deep = { orCode: 'ONNX_MALFORMED' } as const;
  return [
    { name: 'If in If, 200 deep', bytes: nestedIfs(200), code: 'LIMIT' },
    { name: 'If in If, 10 000 deep', bytes: nestedIfs(10_000), code: 'LIMIT' },
    { name: 'groups, 100 000 deep', bytes: groups(100_000, true), code: 'LIMIT', ...deep, mayOpen: true },
    { name: 'groups, 100 000 deep, not closed', bytes: groups(100_000, false), code: 'LIMIT', ...deep },
  ];
}

/** Written from the inside out in one pass: every level only adds a prefix. */
function nestedIfs(depth: number): Uint8Array {
  const prefixes: Uint8Array[] = [];
  let length = 0;
  const wrap = (field: number, sibling: Uint8Array) => {
    const prefix = concat(sibling, tag(field, WIRE.bytes), varint(length));
    prefixes.push(prefix);
    length += prefix.length;
  };
  const nothing = new Uint8Array(0);
  for (let i = 0; i < depth; i++) {
    wrap(6, bytesField(1, utf8('then_branch'))); // attribute
    wrap(5, bytesField(4, utf8('If'))); // node
    wrap(1, nothing); // graph
  }
  wrap(7, varintField(1, 8));
  return concat(prefixes.reverse());
}

/** Sound protobuf whose graph sends a reader that follows names round in circles, or through every path of many. */
function mazes(): HostileModel[] {
  const domain = 'test.local';
  const w = tensorProto({ name: 'v0', dataType: 1, dims: [1], content: rawData(new Uint8Array(4)) });
  const maze = (name: string, nodes: Uint8Array[], functions: Uint8Array[] = []): HostileModel =>
    malformed(name, modelProto({ domains: [domain], functions, graph: { nodes, initializers: [w] } }), {
      mayOpen: true,
      orCode: 'LIMIT',
    });
  const identity = (from: string, to: string) => node('Identity', [from], [to]);
  const call = (name: string, input: string, output: string) => node(name, [input], [output], [], { domain });
  const local = (name: string, nodes: Uint8Array[]) =>
    functionProto({ domain, name, inputs: ['x'], outputs: ['y'], nodes, domains: [domain] });
  const steps = (count: number) => Array.from({ length: count }, (_, i) => i);
  const doubling = steps(60).map((i) => local(`f${i}`, [call(`f${i + 1}`, 'x', 'h'), call(`f${i + 1}`, 'h', 'y')]));
  const fanning = steps(60).map((i) => local(`f${i}`, [call(`f${i + 1}`, 'x', 'y'), call(`f${i + 1}`, 'x', 'z')]));
  const chain = steps(5000).map((i) => local(`f${i}`, [call(`f${i + 1}`, 'x', 'y')]));
  return [
    maze('a circle of Identity nodes', [identity('v0', 'v1'), identity('v1', 'v0')]),
    maze('Identity of itself', [identity('v0', 'v0')]),
    maze(
      '50 000 Identity nodes in a row',
      steps(50_000).map((i) => identity(`v${i}`, `v${i + 1}`)),
    ),
    maze(
      'two ways at each of 60 steps',
      steps(60).flatMap((i) => [identity(`v${i}`, `v${i + 1}`), identity(`v${i}`, `v${i + 1}`)]),
    ),
    maze('function that calls itself', [call('f', 'v0', 'y')], [local('f', [call('f', 'x', 'y')])]),
    maze(
      'functions that call each other',
      [call('f', 'v0', 'y')],
      [local('f', [call('g', 'x', 'y')]), local('g', [call('f', 'x', 'y')])],
    ),
    maze('functions that call the next one twice, in a row', [call('f0', 'v0', 'y')], doubling),
    maze('functions that call the next one twice, side by side', [call('f0', 'v0', 'y')], fanning),
    maze('5 000 functions in a row', [call('f0', 'v0', 'y')], chain),
    maze(
      '50 000 nodes of one name',
      steps(50_000).map(() => node('Relu', ['v0'], ['y'])),
    ),
  ];
}
