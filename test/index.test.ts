import { describe, expect, it } from 'vitest';
import * as decoder from '../src/decode/index.js';
import * as library from '../src/index.js';

describe('the public surface', () => {
  it('of the package', () => {
    expect(Object.keys(library).sort()).toMatchInlineSnapshot(`
      [
        "ANSWER_SNR",
        "CALIBRATE_DEFAULTS",
        "CALIBRATION_DEFAULTS",
        "CLUSTER_DEFAULTS",
        "ERROR_CODES",
        "FxqError",
        "MAX_CLUSTERS",
        "PRUNE_DEFAULTS",
        "QUANTIZE_DEFAULTS",
        "SEARCH_DEFAULTS",
        "TRAINING_DEFAULTS",
        "TUNE_DEFAULTS",
        "arrayDataset",
        "calibrate",
        "calibratedPrune",
        "calibratedQuantize",
        "cluster",
        "compareModels",
        "compress",
        "decode",
        "decodeFiles",
        "decodeForOrt",
        "decodeTensors",
        "drawPerClass",
        "encode",
        "evaluate",
        "fold",
        "footprint",
        "footprintRows",
        "formatFootprint",
        "formatLoss",
        "formatTable",
        "inMemory",
        "inspectContainer",
        "inspectOnnx",
        "measureBaselines",
        "mnistDataset",
        "npzDataset",
        "openDataset",
        "openOnnx",
        "proposeFormats",
        "prune",
        "quantize",
        "quantizeByOutput",
        "readFrontier",
        "renderHtml",
        "renderJson",
        "renderMarkdown",
        "roundedToInt8",
        "runStages",
        "searchBudget",
        "searchCalibration",
        "searchSynthetic",
        "searchTraining",
        "searchWidths",
        "sensitivity",
        "simulate",
        "syntheticDataset",
        "tune",
        "verdictOf",
        "writeOnnx",
      ]
    `);
  });

  it('of the decoder has what an app calls', () => {
    expect(Object.keys(decoder)).toEqual(
      expect.arrayContaining(['decode', 'decodeFiles', 'decodeForOrt', 'inspect', 'FxqError', 'ERROR_CODES']),
    );
  });
});
