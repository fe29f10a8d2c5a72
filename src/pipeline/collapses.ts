import { isSameBytes } from '../binary/bytes.js';
import { bitsOf } from '../binary/dtype.js';
import { asUnits } from '../container/write/symbols.js';
import { encodeKernels } from '../kernels/encode/index.js';
import type { Tensor } from '../model/model.js';
import { MAX_CLUSTERS } from '../quantize/codebook.js';
import { WEIGHTS_A_VALUE } from '../quantize/shared-values.js';
import { CLUSTER, type ClusterSize, clustersOf, isDefaultClustering } from '../stages/cluster.js';
import { changesOf } from './tensor-job.js';

/** Below this share of what was asked for, a layer has far fewer values. */
const FAR_FEWER = 0.5;
/** Above this share of a layer's weights, too many have one value. */
const MOST = 0.5;
/** Layers that are named, and not only counted. */
const NAMED = 4;

/** Looks at layers once they are clustered, and says which have lost more than they were meant to, and which nothing. */
export class Collapses {
  readonly #few: string[] = [];
  readonly #lumped: string[] = [];
  readonly #kept: string[] = [];

  /** @param payload - what the tensor's changes have made of it */
  look(tensor: Tensor, payload: Uint8Array): void {
    const { root, changes } = changesOf(tensor);
    const clustering = changes.find(({ stage }) => stage === CLUSTER.name);
    if (!clustering) return;
    const { bits, clusters } = clustering.options as ClusterSize;
    const asked = bits === undefined && clusters === undefined ? undefined : clustersOf({ bits, clusters });
    const after = valuesOf(tensor, payload);
    if (!after || (asked !== undefined && asked < 4)) return;
    if (isDefaultClustering(clustering) && isSameBytes(payload, root.payload.read())) {
      // A small layer may have as many values as weights, and need them all.
      if (WEIGHTS_A_VALUE * after.distinct <= after.kept) this.#kept.push(`${tensor.name} (${after.distinct})`);
      return;
    }
    const isFew = asked !== undefined && after.distinct < FAR_FEWER * asked;
    const isLumped = after.largest > MOST * after.kept;
    if (!isFew && !isLumped) return;
    // A layer that came so has lost nothing.
    const before = valuesOf(root, root.payload.read());
    if (isFew && (!before || before.distinct > after.distinct)) {
      this.#few.push(`${tensor.name} (${after.distinct} of ${asked})`);
    }
    if (isLumped && (!before || before.largest <= MOST * before.kept)) {
      this.#lumped.push(`${tensor.name} (${Math.round((100 * after.largest) / after.kept)}%)`);
    }
  }

  /** What there is to say. */
  tell(onNote: ((text: string) => void) | undefined): void {
    const say = (layers: readonly string[], what: string) => {
      if (layers.length === 0) return;
      const more = layers.length > NAMED ? ` and ${layers.length - NAMED} more` : '';
      onNote?.(`${what}: ${layers.slice(0, NAMED).join(', ')}${more}`);
    };
    say(this.#few, 'far fewer values are used than asked for, because the weights lie unevenly; try --init density');
    say(this.#kept, 'layers that share few values already keep them; --snr, --bits or --clusters gives them fewer');
    say(
      this.#lumped,
      'most weights of a layer have one value now; give it more values, or leave it out with --exclude',
    );
  }
}

interface Found {
  /** Values besides zero, how many weights have one, and how many the commonest. */
  readonly distinct: number;
  readonly kept: number;
  readonly largest: number;
}

/** Nothing where there are more values than clustering leaves. */
function valuesOf({ dtype }: Tensor, payload: Uint8Array): Found | undefined {
  const width = (bitsOf(dtype) ?? 8) / 8;
  const sign = 2 ** (8 * width - 1);
  const found = encodeKernels().findValues(asUnits(payload, width), MAX_CLUSTERS + 1);
  if (!found) return undefined;
  const counts = Array.from(found.values, (value, i) => (value === 0 || value === sign ? 0 : found.counts[i]));
  const used = counts.filter((count) => count > 0);
  return {
    distinct: used.length,
    kept: used.reduce((a, b) => a + b, 0),
    largest: used.reduce((a, b) => Math.max(a, b), 0),
  };
}
