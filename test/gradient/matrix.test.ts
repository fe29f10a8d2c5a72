import { describe, it } from 'vitest';
import { type Attributes, distinct, expectGradients, node } from './support.js';

describe('Gemm', () => {
  it.each<[number, number]>([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])('transA %i, transB %i, with alpha and beta', (transA, transB) =>
    expectGradients({
      nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transA, transB, alpha: { float: 0.5 }, beta: { float: 1.5 } })],
      inputs: { x: distinct(1, transA ? [4, 3] : [3, 4]) },
      stored: { w: distinct(2, transB ? [5, 4] : [4, 5]), b: distinct(3, [5]) },
    }),
  );

  it.each<[string, number[]]>([
    ['one value a column', [5]],
    ['one value', [1]],
    ['one value a row', [3, 1]],
    ['a whole matrix', [3, 5]],
  ])('C of %s', (_, c) =>
    expectGradients({
      nodes: [node('Gemm', ['x', 'w', 'b'], ['y'])],
      inputs: { x: distinct(1, [3, 4]) },
      stored: { w: distinct(2, [4, 5]), b: distinct(3, c) },
    }),
  );

  it('without C', () =>
    expectGradients({
      nodes: [node('Gemm', ['x', 'w'], ['y'], { transB: 1 } satisfies Attributes)],
      inputs: { x: distinct(1, [3, 4]) },
      stored: { w: distinct(2, [5, 4]) },
    }));
});

describe('MatMul', () => {
  const y = (a: string, b: string) => [node('MatMul', [a, b], ['y'])];

  it('by a stored matrix', () =>
    expectGradients({ nodes: y('x', 'w'), inputs: { x: distinct(1, [3, 4]) }, stored: { w: distinct(2, [4, 5]) } }));

  it('of a batch by a stored matrix', () =>
    expectGradients({ nodes: y('x', 'w'), inputs: { x: distinct(1, [2, 3, 4]) }, stored: { w: distinct(2, [4, 5]) } }));

  it('of a stored matrix by a batch', () =>
    expectGradients({ nodes: y('w', 'x'), inputs: { x: distinct(1, [2, 4, 3]) }, stored: { w: distinct(2, [5, 4]) } }));

  it('of two batches, one of them broadcast', () =>
    expectGradients({ nodes: y('a', 'b'), inputs: { a: distinct(1, [2, 3, 2, 4]), b: distinct(2, [1, 3, 4, 3]) } }));

  it.each<[string, number[], number[]]>([
    ['a stored vector, right', [3, 4], [4]],
    ['a stored vector, right of a batch', [2, 3, 4], [4]],
  ])('by %s', (_, x, w) =>
    expectGradients({ nodes: y('x', 'w'), inputs: { x: distinct(1, x) }, stored: { w: distinct(2, w) } }),
  );

  it.each([[[4, 3]], [[2, 4, 3]], [[2, 3, 4, 2]]])('of a stored vector by %j', (x) =>
    expectGradients({ nodes: y('w', 'x'), inputs: { x: distinct(1, x) }, stored: { w: distinct(2, [4]) } }),
  );

  it('of two stored vectors', () =>
    expectGradients({
      nodes: [node('MatMul', ['v', 'w'], ['p']), node('Mul', ['p', 'x'], ['y'])],
      inputs: { x: distinct(1, [2]) },
      stored: { v: distinct(2, [3]), w: distinct(3, [3]) },
    }));

  it.each<[number[], number[]]>([
    [
      [3, 2, 4],
      [2, 3, 4, 3],
    ],
    [
      [2, 1, 2, 4],
      [3, 4, 3],
    ],
    [
      [2, 3, 2, 4],
      [4, 3],
    ],
    [
      [2, 4],
      [2, 3, 4, 3],
    ],
  ])('of %j by %j, neither stored', (a, b) =>
    expectGradients({ nodes: y('a', 'b'), inputs: { a: distinct(1, a), b: distinct(2, b) } }),
  );
});
