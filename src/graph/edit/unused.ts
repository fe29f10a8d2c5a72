import type { Body } from './body.js';
import type { EditedNode } from './node.js';
import { removeNode } from './nodes.js';
import { dropTensor } from './tensors.js';

/**
 * Takes out what made these values, as far as nobody reads them: nodes, then what only those have read, and so on up to
 * the tensors that the graph, or one around it, stores.
 *
 * @returns the names of the values that are gone
 */
export function removeUnread(body: Body, values: Iterable<string>): string[] {
  const gone: string[] = [];
  const waiting = Array.from(values, (name) => ({ name, scope: body }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { name } = next;
    const scope = next.scope.definerOf(name);
    if (!name || !scope || scope.isRead(name)) continue;
    const node = scope.maker(name);
    if (node) {
      if (node.outputs.some((output) => output && scope.isRead(output))) continue;
      gone.push(...node.outputs.filter(Boolean));
      waiting.push(...takeOut(scope, node));
    } else if (STORED.some((listing) => scope.entriesOf(listing, name).length > 0)) {
      dropTensor(scope, name);
      gone.push(name);
    }
  }
  return gone;
}

const STORED = ['initializer', 'sparseInitializer'] as const;

/** Takes out a node, and gives what it has read. */
function takeOut(scope: Body, node: EditedNode): { name: string; scope: Body }[] {
  const read = [...scope.reads(node)];
  removeNode(scope, node);
  return read.map((name) => ({ name, scope }));
}

/** Takes out everything that no output depends on, in the graphs inside of it as well. Nodes without outputs stay. */
export function dropUnused(body: Body): string[] {
  const gone: string[] = [];
  for (const each of [...body.all].reverse()) {
    const tensors = STORED.flatMap((listing) => each.named(listing).map(({ text }) => text));
    gone.push(...removeUnread(each, [...tensors, ...each.nodes.flatMap(({ outputs }) => outputs)]));
  }
  return gone;
}
