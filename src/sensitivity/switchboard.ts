import { feedLayers } from '../graph/fed-model.js';
import { present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import type { HeldArray, Session } from '../runtime/session.js';
import { openSwitch, type Pair, type Switch } from './layers.js';

/** A model in ONNX Runtime whose layers can be switched between their two states. */
export interface Switchboard {
  readonly switches: readonly Switch[];
  /** Layers that no output depends on. */
  readonly unread: readonly Tensor[];
  /** What runs the model as its layers stand now. */
  session(): Promise<Session>;
  /** Frees all sessions. */
  release(): Promise<void>;
}

/**
 * Layers are fed to one session. Those that stand where nothing can be fed, in functions and sparse tensors, are replaced in
 * the file instead, which takes a session for each set of them that is in its other state; they are few, and are kept.
 *
 * @param open - opens a session on a model to which these arrays are fed
 */
export function openSwitchboard(
  original: Model,
  pairs: readonly Pair[],
  open: (bytes: Uint8Array, held: Readonly<Record<string, HeldArray>>) => Promise<Session>,
): Switchboard {
  const layers = new Set(pairs.map(({ tensor }) => tensor));
  const fed = feedLayers(original, layers);
  const unfed = new Set(fed.unfed);
  const replaced = new Set<Tensor>();
  const switches = pairs
    .filter(({ tensor }) => !fed.unread.includes(tensor))
    .map((pair) => (unfed.has(pair.tensor) ? replacing(pair, replaced) : openSwitch(pair)));
  const valuesOf = new Map(switches.map(({ tensor, values }) => [tensor, values]));
  const held = fed.inputs.map(({ name, tensor, dims }) => [name, { data: present(valuesOf.get(tensor)), dims }]);
  const sessions = new Map<string, Promise<Session>>();
  const bytesNow = () => {
    if (replaced.size === 0) return fed.bytes;
    const others = new Map(pairs.map(({ tensor, compressed }) => [tensor.name, compressed]));
    const isReplaced = new Set([...replaced].map(({ name }) => name));
    const read = ({ name }: Tensor) => present(others.get(name)).payload.read();
    const tensors = original.tensors.map((tensor) =>
      isReplaced.has(tensor.name) ? { ...tensor, payload: { read: () => read(tensor) } } : tensor,
    );
    const names = new Set([...layers].map(({ name }) => name));
    return feedLayers({ ...original, tensors }, new Set(tensors.filter(({ name }) => names.has(name)))).bytes;
  };
  return {
    switches,
    unread: fed.unread,
    session() {
      const key = [...replaced]
        .map(({ name }) => name)
        .sort()
        .join('\n');
      const session = sessions.get(key) ?? open(bytesNow(), Object.fromEntries(held));
      sessions.set(key, session);
      return session;
    },
    async release() {
      for (const session of await Promise.allSettled(sessions.values())) {
        if (session.status === 'fulfilled') await session.value.release();
      }
    },
  };
}

/** A switch that has its tensor replaced in the file; its values are looked at once and not kept. */
function replacing(pair: Pair, replaced: Set<Tensor>): Switch {
  const { tensor, figures } = openSwitch(pair);
  const flip = () => {
    if (!replaced.delete(tensor)) replaced.add(tensor);
  };
  return { tensor, figures, values: new Float32Array(), flip };
}
