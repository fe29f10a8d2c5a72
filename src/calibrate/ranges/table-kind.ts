/** Kinds of tables: our own, TensorRT's calibration cache, ncnn's table of scales. */
export type TableKind = 'json' | 'tensorrt' | 'ncnn';
