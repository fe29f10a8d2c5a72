import { graph, nestedGraph } from '../../graph/attributes.js';
import { closeNested, openNested, seedsOf } from './nested.js';
import type { GradientRule } from './rule.js';

const BRANCHES = ['then_branch', 'else_branch'] as const;

/**
 * Y = what one of two graphs makes of values around it. Backwards it is another `If` of the same condition, each of whose branches
 * runs that graph again and goes back through it; what a branch does not read gets zeros there.
 */
export const choice: GradientRule = {
  differentiable: 'all',
  severalOutputs: true,
  backward({ node, builder, inputs, gradientOf, arrives, needs, through }) {
    const wanted = inputs.flatMap((_, i) => (i > 0 && needs(i) ? [i] : []));
    const targets = wanted.map((i) => inputs[i]);
    const arriving = (node.output ?? []).flatMap((_, i) => (arrives(i) ? [[i, gradientOf(i)] as const] : []));
    const branches = BRANCHES.map((name) => {
      const nested = openNested(builder, nestedGraph(node, name));
      const seeds = seedsOf(
        nested.builder,
        arriving.map(([i, gradient]) => [nested.outputs[i], gradient]),
      );
      const gradients = through(nested.builder, nested.nodes, seeds, targets);
      const zeros = (target: string) => nested.builder.zeros(nested.builder.shape(target));
      return graph(
        name,
        closeNested(
          nested,
          targets.map((target) => gradients.get(target) ?? zeros(target)),
        ),
      );
    });
    const found = builder.emitAll('If', [inputs[0]], branches, wanted.length);
    return inputs.map((_, i) => (wanted.includes(i) ? found[wanted.indexOf(i)] : undefined));
  },
};
