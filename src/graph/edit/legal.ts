import type { MessageField } from '../../onnx/message.js';
import { type Body, describe } from './body.js';
import { EditError } from './error.js';
import type { EditedNode } from './node.js';
import { type Before, misplaced, sorted } from './order.js';

/** What was not in order in a file before it was edited, and need not be afterwards. */
export interface Faults {
  /** Names that are read and that nobody makes. */
  readonly dangling: ReadonlySet<string>;
  /** Nodes that stand before others whose values they read. */
  readonly misplaced: Before<EditedNode>;
  /** Names of which something is declared, and that nothing makes. */
  readonly stale: ReadonlySet<string>;
}

/** What is wrong with a graph and all inside of it. */
export function faultsOf(root: Body): Faults {
  return {
    dangling: root.free(),
    misplaced: new Map(root.all.flatMap((body) => [...misplaced(body.nodes, makersBefore(body))])),
    stale: new Set(root.all.flatMap(staleNames)),
  };
}

/**
 * Brings an edited graph into the form that a model checker wants: nodes after those whose values they read, and nothing
 * said of values that there are no more.
 *
 * @param known - what was wrong before the edits, and stays
 * @throws EditError `DANGLING` or `CYCLE`
 */
export function makeLegal(root: Body, known: Faults): void {
  for (const name of root.free()) {
    if (!known.dangling.has(name)) throw dangling(root, name);
  }
  for (const body of root.all) {
    for (const name of staleNames(body)) {
      if (known.stale.has(name)) continue;
      for (const listing of DECLARING) for (const entry of body.entriesOf(listing, name)) entry.remove();
    }
    arrange(body, known);
  }
}

function dangling(root: Body, name: string): EditError {
  const [reader] = root.names.readers(name);
  const who = reader ? describe(reader) : 'an output';
  return new EditError('DANGLING', name, `${who}: reads '${name}', which nothing makes; give it another value first`);
}

/** Values of which something is declared, and that are none of the graph's. */
function staleNames(body: Body): string[] {
  const defined = body.defined();
  for (const { text } of body.named('output')) defined.add(text);
  return DECLARING.flatMap((listing) => body.named(listing).map(({ text }) => text)).filter(
    (name) => !defined.has(name),
  );
}

const DECLARING = ['valueInfo', 'annotation'] as const;

function arrange(body: Body, known: Faults): void {
  const before = makersBefore(body);
  for (const [node, late] of known.misplaced) {
    const makers = before.get(node);
    if (makers) for (const maker of late) makers.delete(maker);
  }
  if (misplaced(body.nodes, before).size === 0) return;
  const { nodes } = body;
  const next = sorted(nodes, before, (node) => {
    return new EditError('CYCLE', node.outputs[0], `${describe(node)}: reads what is made from its own output`);
  });
  for (const part of body.parts) {
    const pairs: (readonly [MessageField, MessageField])[] = [];
    for (const [i, node] of nodes.entries()) if (node.part === part) pairs.push([node.field, next[i].field]);
    part.rearrange(pairs);
  }
  body.reorder();
}

/** For each node, those of its graph whose values it reads. */
function makersBefore(body: Body): Map<EditedNode, Set<EditedNode>> {
  const makers = new Map(body.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  return new Map(
    body.nodes.map((node) => {
      const before = new Set<EditedNode>();
      for (const name of body.reads(node)) {
        const maker = makers.get(name);
        if (maker) before.add(maker);
      }
      return [node, before];
    }),
  );
}
