import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../src/onnx/open.js';
import { roleFinder } from '../../src/onnx/roles.js';
import type { Use, Value } from '../../src/onnx/value.js';
import { DATA_TYPE, type GraphFields, modelProto, node, rawData, tensorProto } from '../support/onnx-builder.js';

const OPS = ['Conv', 'MatMul', 'Add', 'Relu', 'Gather', 'BatchNormalization', 'Reshape', ''];
const STRENGTH = ['weight', 'normalisation', 'bias', 'other'];

const named = (name: string): Value => ({ name, producer: '', uses: [], flows: [] });
const useOf = (opType: string, input: number): Use => ({ node: { opType }, input, inputs: [] });

/** All that can be reached from a value, in the order in which its uses count. */
function reachable(value: Value, seen = new Set<Value>()): Set<Value> {
  if (seen.has(value)) return seen;
  seen.add(value);
  for (const flow of [...value.flows].reverse()) reachable(flow, seen);
  return seen;
}

/** The role of one value, asked about alone. */
function plainRole(value: Value, isTable: boolean) {
  const uses = [...reachable(value)].flatMap((of) => of.uses).filter((use) => use.node.opType !== '');
  const roles = uses.map((use) => {
    const alone = { ...named(''), uses: [use] };
    return roleFinder()(alone, isTable);
  });
  roles.sort((a, b) => STRENGTH.indexOf(a.role) - STRENGTH.indexOf(b.role));
  return roles[0] ?? { role: 'other', op: '' };
}

const graphs = (isCyclic: boolean) =>
  fc
    .record({
      count: fc.integer({ min: 1, max: 12 }),
      flows: fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 }),
      uses: fc.array(fc.tuple(fc.nat(11), fc.constantFrom(...OPS), fc.nat(3)), { maxLength: 12 }),
    })
    .map(({ count, flows, uses }) => {
      const values = Array.from({ length: count }, (_, i) => named(`v${i}`));
      for (const [a, b] of flows) {
        const [from, to] = [a % count, b % count];
        if (isCyclic || from < to) values[from].flows.push(values[to]);
      }
      for (const [at, op, input] of uses) values[at % count].uses.push(useOf(op, input));
      return values;
    });

describe('the role of a value', () => {
  it('is that of the strongest use, the first of equals, whatever was asked before', () => {
    fc.assert(
      fc.property(graphs(false), fc.boolean(), (values, isTable) => {
        const roleOf = roleFinder();
        for (const value of values) expect(roleOf(value, isTable)).toEqual(plainRole(value, isTable));
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  it('in circles is the strongest that can be reached, too', () => {
    fc.assert(
      fc.property(graphs(true), fc.boolean(), (values, isTable) => {
        const roleOf = roleFinder();
        for (const value of values) expect(roleOf(value, isTable).role).toBe(plainRole(value, isTable).role);
      }),
      { numRuns: 1000, seed: 4 },
    );
  });

  it('depends on whether the tensor could be an embedding', () => {
    const value = { ...named('w'), uses: [useOf('Gather', 0)] };
    const roleOf = roleFinder();
    expect(roleOf(value, false)).toEqual({ role: 'other', op: 'Gather' });
    expect(roleOf(value, true)).toEqual({ role: 'weight', op: 'Gather' });
    expect(roleOf(undefined, true)).toEqual({ role: 'other', op: '' });
  });
});

describe('graphs that are large in one way', () => {
  it('hundreds of thousands of values, side by side or one behind the other: no stack is too small', () => {
    const many = 150_000;
    const wide = named('wide');
    for (let i = 0; i < many; i++) wide.flows.push({ ...named('y'), uses: [useOf('Relu', 0)] });
    wide.flows[7].uses.push(useOf('Conv', 1));
    const deep = named('deep');
    let last = deep;
    for (let i = 0; i < many; i++) last = last.flows[last.flows.push(named('y')) - 1];
    last.uses.push(useOf('MatMul', 1));
    const roleOf = roleFinder();
    expect(roleOf(wide, false)).toEqual({ role: 'weight', op: 'Conv' });
    expect(roleOf(deep, false)).toEqual({ role: 'weight', op: 'MatMul' });
    // A circle of all of them.
    last.flows.push(deep);
    expect(roleFinder()(deep, false)).toEqual({ role: 'weight', op: 'MatMul' });
  });

  const tensors = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      tensorProto({ name: `w${i}`, dataType: DATA_TYPE.uint8, dims: [1], content: rawData(Uint8Array.of(i)) }),
    );
  const names = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);
  const cases: Record<string, (n: number) => GraphFields> = {
    'one tensor, many readers that pass it on': (n) => ({
      initializers: tensors(1),
      nodes: names('y', n).map((name) => node('Identity', ['w0'], [name])),
    }),
    'one tensor, many readers': (n) => ({
      initializers: tensors(1),
      nodes: names('y', n).map((name) => node('Relu', ['w0'], [name])),
    }),
    'a long chain': (n) => ({
      initializers: tensors(1),
      nodes: names('y', n).map((name, i) => node('Identity', [i === 0 ? 'w0' : `y${i - 1}`], [name])),
    }),
    'many tensors into one Concat, many readers of that': (n) => ({
      initializers: tensors(n / 16),
      nodes: [
        node('Concat', names('w', n / 16), ['all']),
        ...names('y', n / 16).map((name) => node('Relu', ['all'], [name])),
      ],
    }),
    'a ladder of values that flow into each other by several ways': (n) => ({
      initializers: tensors(1),
      nodes: names('y', n / 8).map((name, i) => {
        const from = i === 0 ? 'w0' : `y${i - 1}`;
        return node('Concat', [from, from, from], [name]);
      }),
    }),
    'many tensors along a chain': (n) => ({
      initializers: tensors(n / 16),
      nodes: names('y', n / 16).map((name, i) => node('Concat', [`w${i}`, `y${i - 1}`], [name])),
    }),
  };
  for (const [name, make] of Object.entries(cases)) {
    it(`${name}: opened in time that grows as they do`, () => {
      const cpu = (n: number) => {
        const model = modelProto({ graph: make(n) });
        const start = process.cpuUsage();
        openOnnx(model);
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1e6;
      };
      cpu(1000);
      // Eight times the graph, which is 64 times the work if it is quadratic.
      expect(cpu(32_000)).toBeLessThan(24 * cpu(4000) + 1);
    });
  }
});
