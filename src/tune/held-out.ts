import { agreementMeter, decidedIn } from '../evaluate/agreement.js';
import { lossGauge } from '../evaluate/gauge.js';
import type { Loss } from '../evaluate/loss.js';
import type { MetricName, OwnMetric } from '../evaluate/metric.js';
import { accuracyMeter } from '../evaluate/metrics.js';
import type { LossName } from '../gradient/losses.js';
import { runBatches } from '../runtime/batches.js';
import { decidingOutput, otherHeads } from '../runtime/outputs.js';
import type { Engine, Predictor } from './engine.js';
import type { Settled } from './options.js';
import type { Samples } from './samples.js';
import { lossOf, type Targets } from './targets.js';

/** By what samples held out are judged. */
interface HeldOutJudge {
  /** What losses are told against: the teacher, or the model as it came. */
  readonly reference: Predictor;
  /** Default: as labels and outputs suggest. */
  readonly metric: MetricName | OwnMetric | undefined;
  /** The output that is trained. Default: the first. */
  readonly output: string | undefined;
}

/** What is judged, and on what. */
export interface Judging {
  readonly engine: Engine;
  readonly samples: Samples;
  /** Places of the samples to judge by. */
  readonly heldOut: Uint32Array;
  readonly targetsOf: Targets;
  readonly judge: HeldOutJudge;
  readonly settings: Settled & { readonly loss: LossName };
}

/** How well the model does on the samples held out. */
export interface HeldOut {
  /** Share whose label, or the reference's decision, is met; `null` for a mean squared error. */
  readonly accuracy: number | null;
  /** That which is trained down. */
  readonly loss: number;
  /** What has been lost against the reference, as `evaluate` measures it. */
  readonly judgement: Loss | null;
}

/** Samples that are run together, at least. */
const BATCH = 256;

/** Judges the model as its weights are now. */
export async function judgeHeldOut(
  { engine, samples, heldOut, targetsOf, settings, judge }: Judging,
  signal: AbortSignal | undefined,
): Promise<HeldOut> {
  const { reference, metric } = judge;
  const { outputNames } = reference.own;
  // What is trained may be a value within the model, which others do not see.
  const output = judge.output !== undefined && outputNames.includes(judge.output) ? judge.output : undefined;
  const decides = decidingOutput(reference.own, output);
  const gauge = lossGauge({ output: decides, heads: otherHeads(reference.own, decides, output), metric });
  const [accuracy, agreement] = [accuracyMeter(), agreementMeter()];
  const isDecided = settings.loss !== 'mean-squared-error';
  let loss = 0;
  const size = Math.max(settings.batchSize, BATCH);
  const batches = function* () {
    for (const places of samples.divide(heldOut, size)) yield samples.batch(places);
  };
  const answering = { run: engine.answers };
  for await (const { batch, labels, samples: count, outputs } of runBatches(answering, { batches, signal })) {
    const { outputs: references } = await reference.answers(batch);
    const [answer, wanted] = [outputs[decides], references[decides]];
    // What goes with measured values need not be classes.
    const isLabelled = isDecided || metric !== undefined;
    await gauge.add({ batch, samples: count, labels: isLabelled ? labels : undefined, outputs: references }, outputs);
    const kind = gauge.kind();
    if (isDecided && labels) accuracy.add(answer, labels);
    else if (isDecided && kind) agreement.add(answer, wanted, count, decidedIn(kind, wanted, batch, count));
    const trained = engine.judged.map((name) => outputs[name]);
    loss += lossOf(trained, await targetsOf(batch), settings.loss, settings.temperature) * count;
  }
  return {
    accuracy: isDecided ? (accuracy.result().top1 ?? agreement.result()) : null,
    loss: loss / heldOut.length,
    judgement: gauge.result()?.loss ?? null,
  };
}
