import type { onnx } from 'onnx-proto';
import { FxqError } from '../../errors.js';
import { describeNode, type GraphBuilder } from '../../graph/builder.js';

/** What a rule is given: one forward node and the gradients that arrive at its outputs. */
export interface RuleContext {
  readonly node: onnx.INodeProto;
  readonly builder: GraphBuilder;
  /** Names of the node's inputs, `''` for an absent optional one; behind them what its nested graphs read of the graph around it. */
  readonly inputs: readonly string[];
  /** Name of the node's first output. */
  readonly output: string;
  /** Name of dL/d(first output), of the same shape as that output. */
  readonly gradient: string;
  /** Name of dL/d(output `index`), zeros where nothing arrives; for rules of several outputs. */
  gradientOf(index: number): string;
  /** Whether a gradient arrives at output `index` at all. */
  arrives(index: number): boolean;
  /** Whether anybody wants dL/d(input `index`). A rule skips the work for the others. */
  needs(index: number): boolean;
  /**
   * The backward pass through nodes that the rule has appended, or those of a nested graph: the gradients of the targets that
   * the seeds depend on, by name.
   *
   * @throws FxqError `UNSUPPORTED` when one of them has no rule
   */
  through(
    builder: GraphBuilder,
    nodes: readonly onnx.INodeProto[],
    seeds: ReadonlyMap<string, string>,
    targets: readonly string[],
  ): ReadonlyMap<string, string>;
}

/** The vector-Jacobian product of one operator. */
export interface GradientRule {
  /** Indices of the inputs a gradient can flow to; shapes, axes and statistics are not among them. `all`: every input. */
  readonly differentiable: readonly number[] | 'all';
  /** Whether it takes gradients at other outputs than the first; without, one that arrives there is an error. */
  readonly severalOutputs?: true;
  /** Whether a node ends all gradients, none being missing; without, none does. */
  stops?(node: onnx.INodeProto): boolean;
  /** Appends nodes and returns the name of dL/d(input), by input index; `undefined` where none is wanted. */
  backward(context: RuleContext): (string | undefined)[];
}

/** The error for a node that is a legal operator, in a form its rule does not cover. */
export function unsupported(node: onnx.INodeProto, what: string): FxqError {
  return new FxqError('UNSUPPORTED', `${describeNode(node)}: no gradient rule for ${what}`, { actual: what });
}
