// Kills every command that writes, before each call that changes a folder and at random times, and looks at what is left:
//
//   node scripts/build.js && node scripts/kill.js [--times 200] [--seed 1] [--only decode]
//
// The claims are in kill/claims.js. Ends with exit code 1 if one does not hold.
import { parseArgs } from 'node:util';
import { createRandom } from '../build/random.js';
import { makeCases } from './kill/cases.js';
import { killed, measure } from './kill/claims.js';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const random = createRandom(Number(values.seed));
let wrongs = 0;
for (const subject of (await makeCases()).filter(({ name }) => name.includes(values.only))) {
  const { whole, ms, calls } = measure(subject);
  const counts = { old: 0, whole: 0, aside: 0, done: 0 };
  const moments = [
    ...Array.from({ length: calls }, (_, i) => ({ call: i + 1 })),
    ...Array.from({ length: Number(values.times) }, () => ({ ms: random.float() * ms })),
  ];
  for (const when of moments) {
    const { outcome, wrong } = await killed(subject, whole, when);
    counts[outcome]++;
    if (wrong === undefined) continue;
    wrongs++;
    console.log(`${subject.name}, killed ${JSON.stringify(when)}: ${wrong}`);
  }
  const { old, aside, done } = counts;
  console.log(
    `${subject.name}: ${calls} calls and ${values.times} times: ${old} as before, ${counts.whole} whole, ${aside} in between, done before ${done}`,
  );
}
console.log(wrongs === 0 ? 'every claim holds' : `${wrongs} do not hold`);
process.exitCode = wrongs === 0 ? 0 : 1;
