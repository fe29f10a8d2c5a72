// The coder as it would be if no code went by what came before.
import { xxh32 } from '../../../build/binary/xxh32.js';
import { LAYOUTS } from '../../../build/container/constants.js';
import { inThreadCoder } from '../../../build/container/write/container.js';
import { planGap } from '../../../build/container/write/gap.js';
import { onGrid } from '../../../build/container/write/grid.js';
import { planDense, planMask, planPacked } from '../../../build/container/write/layouts.js';
import { splitLines } from '../../../build/container/write/lines.js';
import { asUnits, indexUnits } from '../../../build/container/write/symbols.js';

/** The section that a payload has where no code goes by what came before. */
function withoutContexts({ dtype, dims }, payload, coded) {
  const isFloat = dtype === 'float32';
  const units = asUnits(payload, coded.entry.w ?? payload.length / dims.reduce((a, b) => a * b, 1));
  const listed = indexUnits(units);
  const grid = isFloat && units instanceof Uint32Array ? onGrid(units, listed) : undefined;
  const indexed = grid ?? listed;
  const split = splitLines(indexed, dims);
  const plans = [planPacked, planDense, planGap, planMask].map((plan) => plan(indexed, isFloat));
  if (split) plans.push(...[planDense, planGap, planMask].map((plan) => plan(indexed, isFloat, split)));
  const [best] = plans.filter((plan) => plan !== undefined).sort((a, b) => a.bytes - b.bytes);
  const section = best.write();
  const { b, w } = coded.entry;
  const own = Object.entries({ b, w, ...best.fields }).filter(([, value]) => value);
  const entry = { ...Object.fromEntries(own), l: LAYOUTS.indexOf(best.layout), s: section.length, x: xxh32(section) };
  return { entry, section };
}

const here = inThreadCoder();
/** @type {import('../../../build/container/write/container.js').Coder} */
export const plainCoder = {
  limits: here.limits,
  async code(tensor) {
    const { payload, coded } = await here.code(tensor);
    return { payload, coded: coded.entry.h ? withoutContexts(tensor, payload, coded) : coded };
  },
};
