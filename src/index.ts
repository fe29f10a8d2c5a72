export type { DType } from './binary/dtype.js';
export { calibrate } from './calibrate/calibrate.js';
export {
  CALIBRATE_DEFAULTS,
  CALIBRATION_DEFAULTS,
  type CalibrateOptions,
  type CalibrationOptions,
  type Skipped,
} from './calibrate/options.js';
export { type CalibratedPruneOptions, type CalibratedPruneTarget, calibratedPrune } from './calibrate/prune.js';
export {
  type BaselineOptions,
  type Compressor,
  type Compressors,
  measureBaselines,
  roundedToInt8,
} from './comparison/baselines.js';
export { type CompareOptions, compareModels } from './comparison/compare.js';
export type {
  Accuracy,
  Baseline,
  Centroid,
  Comparison,
  DensityMap,
  FileHash,
  FrontierPoint,
  Histogram,
  Layer,
  ModelSize,
  Part,
  Provenance,
} from './comparison/comparison.js';
export { readFrontier } from './comparison/frontier.js';
export { renderHtml } from './comparison/html/page.js';
export { renderJson } from './comparison/json.js';
export { renderMarkdown } from './comparison/markdown.js';
export {
  type DecodedTensor,
  type DecodeOptions,
  decode,
  decodeFiles,
  decodeForOrt,
  decodeTensors,
  type ModelFile,
  type OrtModel,
  type Progress,
  type ReadOptions,
  type Source,
  type TensorData,
  type Verify,
  type WorkerOptions,
} from './decode/index.js';
export { ERROR_CODES, type ErrorCode, type ErrorDetails, FxqError } from './errors.js';
export {
  arrayDataset,
  type Batch,
  type Dataset,
  type DatasetOptions,
  type InputArray,
} from './evaluate/dataset.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluate.js';
export type { ImageDecoder } from './evaluate/images/decode.js';
export type { Preprocessing, Size } from './evaluate/images/preprocessing.js';
export type { Pixels } from './evaluate/images/resample.js';
export { type IdxPair, mnistDataset } from './evaluate/mnist.js';
export { npzDataset } from './evaluate/npz.js';
export { type OpenDatasetOptions, openDataset } from './evaluate/open-dataset.js';
export type { DatasetReader } from './evaluate/reader.js';
export type { Runtime } from './evaluate/runtime.js';
export type { ByteSource, Model, Role, Tensor } from './layers/model.js';
export type { Rule, Selection, Selector } from './layers/selectors.js';
export { inMemory, type OpenOptions, openOnnx } from './onnx/open.js';
export { type FilePiece, type WriteOnnxOptions, writeOnnx } from './onnx/write.js';
export { type Compressed, type CompressOptions, compress, encode } from './pipeline/compress.js';
export { type PipelineOptions, type PipelineRun, runStages, type StageTime } from './pipeline/pipeline.js';
export {
  type Found,
  type Goal,
  type Point,
  SEARCH_DEFAULTS,
  type SearchOptions,
  searchCalibration,
} from './pipeline/search.js';
export { type InspectOptions, inspectContainer, inspectOnnx } from './report/inspect.js';
export type { Overhead, Report, TensorReport } from './report/report.js';
export { formatTable, type TableOptions } from './report/table.js';
export type { Row } from './report/totals.js';
export type {
  CumulativeStep,
  Fidelity,
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
  MAX_CLUSTERS,
} from './stages/cluster.js';
export { PRUNE_DEFAULTS, type PruneOptions, type PruneTarget, prune } from './stages/prune.js';
export type { Stage, StageContext } from './stages/stage.js';
export type { Augmentation } from './tune/augment.js';
export { type Epoch, TUNE_DEFAULTS, type TuneOptions, type TunePruneTarget } from './tune/options.js';
export { tune } from './tune/tune.js';
