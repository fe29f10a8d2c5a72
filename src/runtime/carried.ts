import type { Dataset, InputArray } from '../data/dataset.js';
import { kindOf } from '../data/synthetic/kinds.js';
import { FxqError } from '../errors.js';
import type { Interface } from '../onnx/interface.js';
import type { Runner } from './batches.js';
import type { OutputArray, Session } from './session.js';

/** A state: what a model gives out under one name it takes in again, with its next inputs, under another. */
export interface State {
  readonly input: string;
  readonly output: string;
}

/** The states that a model keeps: they come out behind its answers, in the order in which they go in. */
export function statesOf({ inputs, outputs }: Interface): State[] | undefined {
  const states = inputs.filter((input) => kindOf(input) === 'state');
  const answers = outputs.length - states.length;
  if (states.length > 0 && answers < 1) return undefined;
  return states.map(({ name }, i) => ({ input: name, output: outputs[answers + i].name }));
}

/**
 * A session whose states are what its last run has made of them: batches are windows of the same streams, in order. The
 * first batch has the states that they begin with.
 *
 * @example
 * for await (const { outputs } of runBatches(carrying(session, states), { batches })) { … }
 */
export function carrying(
  session: Session,
  states: readonly State[],
  onRun?: (inputs: Readonly<Record<string, InputArray>>) => void,
): Runner<Readonly<Record<string, OutputArray>>> {
  const last = new Map<string, InputArray>();
  return {
    async run(batch, limit) {
      const inputs = { ...batch.inputs, ...Object.fromEntries(last) };
      onRun?.(inputs);
      const { samples, outputs } = await session.run({ inputs }, limit);
      for (const { input, output } of states) {
        const { data, dims } = outputs[output] ?? { data: [], dims: [] };
        if (`${dims}` !== `${inputs[input].dims}`) {
          const message = `output '${output}': expected [${inputs[input].dims}], to be the state '${input}' again, got [${dims}]`;
          throw new FxqError('DATASET', message, { expected: inputs[input].dims, actual: dims });
        }
        last.set(input, { data: Float32Array.from(data), dims });
      }
      return { samples, outputs };
    },
  };
}

/** A data set's windows, each with the states that a model has come to when its turn comes. */
export async function withStates(session: Session, states: readonly State[], dataset: Dataset): Promise<Dataset> {
  const batches: { inputs: Readonly<Record<string, InputArray>> }[] = [];
  const runner = carrying(session, states, (inputs) => batches.push({ inputs }));
  for await (const batch of dataset()) await runner.run(batch);
  return async function* recorded() {
    yield* batches;
  };
}
