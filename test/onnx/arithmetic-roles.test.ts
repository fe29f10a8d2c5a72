import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../src/onnx/open.js';
import {
  attrFloat,
  attrGraph,
  attrTensor,
  constant,
  DATA_TYPE,
  functionProto,
  graphProto,
  modelProto,
  node,
  rawData,
  tensorProto,
  valueInfo,
} from '../support/onnx-builder.js';

/** Float tensors by name; a number is what all elements are, else they differ. */
type Stored = Readonly<Record<string, readonly [dims: readonly number[], fill?: readonly number[]]>>;

function initializers(stored: Stored): Uint8Array[] {
  return Object.entries(stored).map(([name, [dims, fill]]) => {
    const count = dims.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: count }, (_, i) => fill?.[i % fill.length] ?? Math.sin(i + 1));
    return tensorProto({ name, dataType: DATA_TYPE.float32, dims, content: rawData(new Uint8Array(values.buffer)) });
  });
}

function rolesOf(stored: Stored, nodes: readonly Uint8Array[], functions: readonly Uint8Array[] = []) {
  const inputs = [valueInfo('x', 'float32', ['N', 16])];
  const graph = { initializers: initializers(stored), nodes: [...nodes], inputs };
  const model = openOnnx(modelProto({ graph, functions: [...functions] }));
  return Object.fromEntries(
    model.tensors.map(({ name, role, op }) => [name, role === 'weight' ? `weight of ${op}` : role]),
  );
}

const W: Stored = { w: [[16, 8]] };
const used = node('MatMul', ['x', 'v'], ['y']);

describe('weights behind arithmetic', () => {
  const cases: Record<string, [Stored, Uint8Array[]]> = {
    'Add of a product (LoRA merged at load)': [
      { a: [[2, 8]], b: [[16, 2]], s: [[]] },
      [node('MatMul', ['b', 'a'], ['ba']), node('Mul', ['ba', 's'], ['sba']), node('Add', ['w', 'sba'], ['v'])],
    ],
    'Mul by a scale of each column': [{ s: [[8]] }, [node('Mul', ['w', 's'], ['v'])]],
    'Mul by a scale of each row, from the left': [{ s: [[16, 1]] }, [node('Mul', ['s', 'w'], ['v'])]],
    'Div by one number': [{ s: [[]] }, [node('Div', ['w', 's'], ['v'])]],
    'Sub of a shift, then Mul': [
      { z: [[1, 8]], s: [[8]] },
      [node('Sub', ['w', 'z'], ['d']), node('Mul', ['d', 's'], ['v'])],
    ],
    'weight normalisation': [
      { g: [[16, 1]] },
      [node('ReduceL2', ['w'], ['n']), node('Div', ['w', 'n'], ['u']), node('Mul', ['u', 'g'], ['v'])],
    ],
    'standardisation of weights': [
      { e: [[]] },
      [
        node('ReduceMean', ['w'], ['m']),
        node('Sub', ['w', 'm'], ['d']),
        node('Mul', ['d', 'd'], ['q']),
        node('ReduceMean', ['q'], ['r']),
        node('Add', ['r', 'e'], ['re']),
        node('Sqrt', ['re'], ['t']),
        node('Div', ['d', 't'], ['v']),
      ],
    ],
    Pad: [{ p: [[4]] }, [node('Pad', ['w', 'p'], ['v'])]],
    'Sum of one that is broadcast': [{ c: [[1, 8]] }, [node('Sum', ['w', 'c'], ['v'])]],
    'rounding by hand': [
      { s: [[8]], l: [[]], h: [[]] },
      [
        node('Div', ['w', 's'], ['d']),
        node('Round', ['d'], ['r']),
        node('Clip', ['r', 'l', 'h'], ['c']),
        node('Mul', ['c', 's'], ['v']),
      ],
    ],
    'tanh before the scale (DoReFa)': [{ s: [[]] }, [node('Tanh', ['w'], ['t']), node('Div', ['t', 's'], ['v'])]],
    'QuantizeLinear, Clip, DequantizeLinear (Brevitas)': [
      { s: [[]], l: [[]], h: [[]] },
      [
        node('QuantizeLinear', ['w', 's'], ['q']),
        node('Clip', ['q', 'l', 'h'], ['c']),
        node('DequantizeLinear', ['c', 's'], ['v']),
      ],
    ],
    "QONNX's Quant": [
      { s: [[]], z: [[]], b: [[]] },
      [node('Quant', ['w', 's', 'z', 'b'], ['v'], [], { domain: 'qonnx.custom_op.general' })],
    ],
    'Max and Min': [{ l: [[8]], h: [[]] }, [node('Max', ['w', 'l'], ['m']), node('Min', ['h', 'm'], ['v'])]],
    'a scale that is a Constant': [{}, [constant('s', attrFloat('value_float', 2)), node('Mul', ['s', 'w'], ['v'])]],
    'a scale that is computed': [
      { a: [[8]], b: [[8]] },
      [node('Add', ['a', 'b'], ['ab']), node('Sqrt', ['ab'], ['s']), node('Div', ['w', 's'], ['v'])],
    ],
    'a Where whose other side is filled in': [
      { n: [[2]] },
      [
        node('ConstantOfShape', ['n'], ['o']),
        node('Greater', ['w', 'o'], ['c']),
        node('Where', ['c', 'w', 'o'], ['v']),
      ],
    ],
  };
  for (const [name, [more, nodes]] of Object.entries(cases)) {
    it(`${name}: found, and nothing beside them`, () => {
      const { w, ...others } = rolesOf({ ...W, ...more }, [...nodes, used]);
      expect(w).toBe('weight of MatMul');
      const factors = name.includes('LoRA') ? ['a', 'b'] : [];
      for (const [other, role] of Object.entries(others)) {
        if (factors.includes(other)) expect(role).toBe('weight of MatMul');
        else expect([other, role]).toEqual([other, expect.stringMatching(/^(other|bias)$/)]);
      }
    });
  }

  it('are all operands of the full size, except masks, whatever their type and place', () => {
    expect(rolesOf({ ...W, d: [[16, 8]] }, [node('Add', ['w', 'd'], ['v']), used])).toEqual({
      w: 'weight of MatMul',
      d: 'weight of MatMul',
    });
    for (const fill of [[0, 1], [1, 1, 1, 0], [1]]) {
      const mask: Stored = { ...W, k: [[16, 8], fill] };
      for (const operands of [
        ['w', 'k'],
        ['k', 'w'],
      ]) {
        const nodes = [node('Mul', operands, ['v']), used];
        expect(rolesOf(mask, nodes)).toEqual({ w: 'weight of MatMul', k: 'other' });
      }
      const late = [
        node('Transpose', ['k'], ['t']),
        node('Transpose', ['t'], ['m']),
        node('Mul', ['m', 'w'], ['v']),
        used,
      ];
      expect(rolesOf(mask, late)).toEqual({ w: 'weight of MatMul', k: 'other' });
    }
    for (const dataType of [DATA_TYPE.float16, DATA_TYPE.bfloat16, DATA_TYPE.float64] as const) {
      const one = {
        [DATA_TYPE.float16]: [0, 0x3c],
        [DATA_TYPE.bfloat16]: [0x80, 0x3f],
        [DATA_TYPE.float64]: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
      }[dataType];
      const bytes = Uint8Array.from({ length: 4 * one.length }, (_, i) => (i < one.length ? 0 : one[i % one.length]));
      const k = tensorProto({ name: 'k', dataType, dims: [2, 2], content: rawData(bytes) });
      const w = tensorProto({
        name: 'w',
        dataType,
        dims: [2, 2],
        content: rawData(bytes.map((byte, i) => byte ^ (i + 1))),
      });
      const { tensors } = openOnnx(
        modelProto({ graph: { initializers: [w, k], nodes: [node('Mul', ['w', 'k'], ['v']), used] } }),
      );
      expect(tensors.map(({ role }) => role)).toEqual(['weight', 'other']);
    }
  });
});

describe('what is added to activations', () => {
  const cases: Record<string, [Stored, Uint8Array[]]> = {
    'a bias before the next layer': [
      { b: [[16]] },
      [node('Add', ['x', 'b'], ['u']), node('MatMul', ['u', 'w'], ['y'])],
    ],
    'a position table': [{ b: [[4, 16]] }, [node('Add', ['b', 'x'], ['u']), node('MatMul', ['u', 'w'], ['y'])]],
    'a scale and a shift': [
      { b: [[16]], c: [[16]] },
      [node('Mul', ['x', 'b'], ['t']), node('Sub', ['t', 'c'], ['u']), node('MatMul', ['u', 'w'], ['y'])],
    ],
    'a bias behind a constant that is computed': [
      { b: [[16]], c: [[16]] },
      [node('Mul', ['b', 'c'], ['t']), node('Add', ['t', 'x'], ['u']), node('MatMul', ['u', 'w'], ['y'])],
    ],
    'the other side of a Where': [
      { b: [[4, 16]] },
      [node('Greater', ['x', 'x'], ['c']), node('Where', ['c', 'x', 'b'], ['u']), node('MatMul', ['u', 'w'], ['y'])],
    ],
    'random values': [
      { b: [[4, 16]] },
      [node('RandomNormalLike', ['b'], ['r']), node('Add', ['r', 'b'], ['u']), node('MatMul', ['u', 'w'], ['y'])],
    ],
    'a state that a loop goes on from': [
      { b: [[4, 16]], c: [[4, 16]], n: [[]] },
      [
        node(
          'Loop',
          ['n', '', 'x'],
          ['u'],
          [
            attrGraph(
              'body',
              graphProto({
                inputs: [valueInfo('i', 'int64', []), valueInfo('go', 'bool', []), valueInfo('h', 'float32')],
                outputs: [valueInfo('go', 'bool', []), valueInfo('hh', 'float32')],
                nodes: [node('Add', ['h', 'b'], ['hb']), node('Mul', ['hb', 'c'], ['hh'])],
              }),
            ),
          ],
        ),
        node('MatMul', ['u', 'w'], ['y']),
      ],
    ],
  };
  for (const [name, [more, nodes]] of Object.entries(cases)) {
    it(`${name}: no weight`, () => {
      const { w, ...others } = rolesOf({ ...W, ...more }, nodes);
      expect(w).toBe('weight of MatMul');
      for (const role of Object.values(others)) expect(role).not.toMatch('weight');
    });
  }
});

describe('weights that are handed to functions', () => {
  const domain = 'own';
  const call = (name: string, inputs: string[], output: string) => node(name, inputs, [output], [], { domain });
  const fn = (name: string, inputs: string[], outputs: string[], nodes: Uint8Array[]) =>
    functionProto({ name, domain, inputs, outputs, nodes });
  const scaled = fn('Scaled', ['a', 'b'], ['c'], [node('Mul', ['a', 'b'], ['c'])]);
  const layer = fn(
    'Layer',
    ['i', 'q', 'f'],
    ['o'],
    [node('Div', ['q', 'f'], ['d']), node('MatMul', ['i', 'd'], ['o'])],
  );

  it('arithmetic inside', () => {
    expect(rolesOf({ ...W, s: [[8]] }, [call('Layer', ['x', 'w', 's'], 'y')], [layer])).toEqual({
      w: 'weight of MatMul',
      s: 'other',
    });
  });
  it('arithmetic inside, the reader outside', () => {
    expect(rolesOf({ ...W, s: [[8]] }, [call('Scaled', ['w', 's'], 'v'), used], [scaled])).toEqual({
      w: 'weight of MatMul',
      s: 'other',
    });
  });
  it('called twice, with weights of different shapes', () => {
    const nodes = [call('Layer', ['x', 'w', 's'], 'y'), call('Layer', ['y', 'u', 's'], 'z')];
    expect(rolesOf({ ...W, u: [[8, 8]], s: [[8]] }, nodes, [layer])).toEqual({
      w: 'weight of MatMul',
      u: 'weight of MatMul',
      s: 'other',
    });
  });
  it('once with weights and once with an activation', () => {
    const add = fn('Added', ['a', 'b'], ['c'], [node('Add', ['a', 'b'], ['c'])]);
    const nodes = [
      call('Added', ['w', 's'], 'v'),
      used,
      call('Added', ['x', 's'], 't'),
      node('MatMul', ['t', 'w'], ['z']),
    ];
    expect(rolesOf({ ...W, s: [[16]] }, nodes, [add]).s).not.toMatch('weight');
  });
  it('a function that calls one that stands behind it', () => {
    const outer = fn(
      'Outer',
      ['i', 'q', 'f'],
      ['o'],
      [call('Scaled', ['q', 'f'], 'd'), node('MatMul', ['i', 'd'], ['o'])],
    );
    expect(rolesOf({ ...W, s: [[8]] }, [call('Outer', ['x', 'w', 's'], 'y')], [outer, scaled])).toEqual({
      w: 'weight of MatMul',
      s: 'other',
    });
  });
  it('a scale that the function holds', () => {
    const s = tensorProto({ dataType: DATA_TYPE.float32, dims: [], content: rawData(new Uint8Array(4)) });
    const own = fn('Own', ['q'], ['o'], [constant('s', attrTensor('value', s)), node('Mul', ['s', 'q'], ['o'])]);
    expect(rolesOf(W, [call('Own', ['w'], 'v'), used], [own])).toMatchObject({ w: 'weight of MatMul', s: 'other' });
  });
  it('a branch that chooses between two', () => {
    const branch = (name: string) =>
      graphProto({ nodes: [node('Mul', [name, 's'], ['r'])], outputs: [valueInfo('r', 'float32')] });
    const nodes = [
      node('If', ['c'], ['t'], [attrGraph('then_branch', branch('w')), attrGraph('else_branch', branch('u'))]),
      node('Sub', ['t', 's'], ['v']),
      used,
    ];
    expect(rolesOf({ ...W, u: [[16, 8]], s: [[8]] }, nodes)).toEqual({
      w: 'weight of MatMul',
      u: 'weight of MatMul',
      s: 'other',
    });
  });
});

it('is no slower for a long chain of arithmetic, nor for many readers', () => {
  const names = (n: number) => Array.from({ length: n }, (_, i) => `v${i}`);
  const open = (n: number) => {
    const nodes = names(n).map((name, i) => node('Mul', [i === 0 ? 'w' : `v${i - 1}`, 'w'], [name]));
    const start = process.cpuUsage();
    openOnnx(modelProto({ graph: { initializers: initializers(W), nodes } }));
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  };
  open(1000);
  expect(open(16_000)).toBeLessThan(24 * open(2000) + 1);
});
