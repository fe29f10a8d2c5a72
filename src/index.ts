/**
 * The library: models in, containers out, and every stage between them.
 *
 * @module fxq-compress
 */
export type { DType } from './binary/dtype.js';
export { calibrate } from './calibrate/calibrate.js';
export {
  CALIBRATE_DEFAULTS,
  CALIBRATION_DEFAULTS,
  type CalibrateOptions,
  type CalibrationOptions,
} from './calibrate/options.js';
export { type CalibratedPruneOptions, type CalibratedPruneTarget, calibratedPrune } from './calibrate/prune.js';
export { type CalibratedQuantizeOptions, calibratedQuantize } from './calibrate/quantize.js';
export type { ValueRange } from './calibrate/ranges/fit.js';
export type { Form, InputOptions, ValueRule } from './calibrate/ranges/options.js';
export type { TableKind } from './calibrate/ranges/table-kind.js';
export type { RoundedWeights } from './calibrate/ranges/weights.js';
export {
  type RoundedInput,
  type Simulated,
  type SimulateOptions,
  type SimulateStage,
  simulate,
} from './calibrate/simulate.js';
export type { CodingOptions } from './container/write/coding.js';
export type { ArrayPicker } from './data/arrays.js';
export type { PlainArray } from './data/cast.js';
export {
  arrayDataset,
  type Batch,
  type Dataset,
  type DatasetOptions,
  type InputArray,
  type NumberArray,
} from './data/dataset.js';
export type { ImageDecoder } from './data/images/decode.js';
export type { Preprocessing, Size } from './data/images/preprocessing.js';
export type { Pixels } from './data/images/resample.js';
export { type IdxPair, mnistDataset } from './data/mnist.js';
export { npzDataset } from './data/npz.js';
export { openDataset } from './data/open.js';
export type { OpenDatasetOptions } from './data/open-options.js';
export { drawPerClass } from './data/per-class.js';
export type { DatasetReader } from './data/reader.js';
export type { InputKind } from './data/synthetic/kinds.js';
export { type SyntheticOptions, syntheticDataset } from './data/synthetic/synthetic.js';
export {
  type DecodedTensor,
  type DecodeOptions,
  type DecodeWorker,
  decode,
  decodeFiles,
  decodeForOrt,
  decodeTensors,
  type ModelFile,
  type OpenSource,
  type OrtModel,
  type Progress,
  type ReadOptions,
  type Source,
  type TensorData,
  type Verify,
  type WorkerOptions,
} from './decode/index.js';
export type { Ranges } from './decode/ranges.js';
export { ERROR_CODES, type ErrorCode, type ErrorDetails, FxqError } from './errors.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.js';
export type { Interval } from './evaluate/interval.js';
export type { Loss } from './evaluate/loss.js';
export { formatLoss } from './evaluate/loss-words.js';
export type { LossUnit, MetricName, Outputs, OwnMetric } from './evaluate/metric.js';
export type { OutputLoss } from './evaluate/outputs.js';
export type { ValueShape } from './footprint/computation.js';
export {
  type Footprint,
  type FootprintOptions,
  footprint,
  type OtherPlacements,
  type PlacedBuffer,
} from './footprint/footprint.js';
export { type AnswerOptions, type FootprintRow, footprintRows, type RowPlan } from './footprint/rows.js';
export type { SurveyOptions } from './footprint/survey.js';
export { formatFootprint } from './footprint/table.js';
export type { Overhead, QuantizedTo, Report, TensorReport } from './inspect/figures.js';
export { type InspectOptions, inspectContainer, inspectOnnx } from './inspect/inspect.js';
export { formatTable, type TableOptions } from './inspect/table.js';
export type { Row } from './inspect/totals.js';
export type { ByteSource, Change, Model, Payload, Role, Skipped, Tensor } from './model/model.js';
export type { Rule, Selection, Selector } from './model/selectors.js';
export type { PayloadForm } from './model/structure.js';
export type { OffloadOptions } from './offload.js';
export type { Port } from './onnx/interface.js';
export { inMemory, type OpenOptions, openOnnx } from './onnx/open.js';
export { type FilePiece, type WriteOnnxOptions, writeOnnx } from './onnx/write.js';
export { type Compressed, encode } from './pipeline/compress.js';
export type { Lossless } from './pipeline/lossless.js';
export { type PipelineOptions, type PipelineRun, runStages, type StageTime } from './pipeline/pipeline.js';
export type { SelfTimer } from './pipeline/timer.js';
export { MAX_CLUSTERS } from './quantize/codebook.js';
export type { FixedBasis } from './quantize/fixed-basis.js';
export type { By } from './quantize/lines.js';
export type { Sign } from './quantize/values.js';
export {
  type BaselineOptions,
  type Compressor,
  type Compressors,
  measureBaselines,
  roundedToInt8,
} from './report/baselines.js';
export { type CompareOptions, compareModels } from './report/compare.js';
export type {
  Accuracy,
  Baseline,
  Centroid,
  Comparison,
  DensityMap,
  FileHash,
  FilePart,
  FormatRange,
  FrontierPoint,
  Histogram,
  LayerComparison,
  LayerRow,
  ModelSize,
  Provenance,
  Spread,
  ValueSpread,
} from './report/comparison.js';
export { readFrontier } from './report/frontier.js';
export { renderHtml } from './report/html/page.js';
export { renderJson } from './report/json.js';
export { renderMarkdown } from './report/markdown.js';
export { type Verdict, verdictOf } from './report/verdict.js';
export type { Runtime, RuntimeMetadata, RuntimeSession, RuntimeTensor } from './runtime/runtime.js';
export type { OutputArray } from './runtime/session.js';
export type { Budget, BudgetOptions, LayerSetting } from './search/allocation/options.js';
export { searchBudget } from './search/allocation/search.js';
export type { BudgetPoint, BudgetTrial } from './search/allocation/trials.js';
export { type Found, type Point, type SearchOptions, searchCalibration } from './search/calibration.js';
export { type CompressedModel, type CompressOptions, compress, type SyntheticSummary } from './search/compress.js';
export { type GoalOptions, type Judged, SEARCH_DEFAULTS } from './search/goal.js';
export { type OutputRangeOptions, quantizeByOutput } from './search/output-range.js';
export { type Proposal, type ProposalOptions, type Proposals, proposeFormats } from './search/proposals.js';
export type { Servable } from './search/serves.js';
export {
  ANSWER_SNR,
  type SyntheticFound,
  type SyntheticSearchOptions,
  searchSynthetic,
} from './search/synthetic.js';
export type { Step as TrainingStep } from './search/training/journal.js';
export { TRAINING_DEFAULTS, type TrainingOptions } from './search/training/options.js';
export { searchTraining, type Trained } from './search/training/search.js';
export type { InputWidth, LayerWidth, WidthOptions, WidthPoint, WidthRange, Widths } from './search/widths/options.js';
export { searchWidths } from './search/widths/search.js';
export type {
  CumulativeStep,
  Fidelity,
  InputFigures,
  InputSensitivity,
  LayerSensitivity,
  NotMeasured,
  OutputFidelity,
  Sensitivity,
  SensitivityOptions,
  SensitivityProgress,
} from './sensitivity/options.js';
export { sensitivity } from './sensitivity/sensitivity.js';
export {
  CLUSTER_DEFAULTS,
  type ClusterLayer,
  type ClusterOptions,
  type ClusterSize,
  cluster,
} from './stages/cluster.js';
export { fold } from './stages/fold.js';
export { PRUNE_DEFAULTS, type PruneOptions, type PruneTarget, prune } from './stages/prune.js';
export { QUANTIZE_DEFAULTS, type QuantizeLayer, type QuantizeOptions, quantize } from './stages/quantize.js';
export type { Stage, StageContext } from './stages/stage.js';
export type { Augmentation } from './tune/augment.js';
export {
  type Epoch,
  TUNE_DEFAULTS,
  type TuneFormat,
  type TuneLayer,
  type TuneOptions,
  type TunePruneTarget,
} from './tune/options.js';
export { tune } from './tune/tune.js';
