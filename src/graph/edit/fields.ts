/** Field numbers of onnx.proto: those that an editor of graphs has to know. All others it passes on. */
export const MODEL = { irVersion: 1, graph: 7, opsetImport: 8, trainingInfo: 20, functions: 25 } as const;

export const TRAINING = { initialization: 1, algorithm: 2, initializationBinding: 3, updateBinding: 4 } as const;

export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7, overload: 8 } as const;

export const ATTRIBUTE = { name: 1, t: 5, g: 6, tensors: 10, graphs: 11, sparseTensor: 22, sparseTensors: 23 } as const;

/** What an attribute holds, and of which kind it is. */
export const ATTRIBUTE_VALUES: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 20, 21, 22, 23]);

export const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 } as const;

/** What a tensor holds: its shape, its type, and every form of payload. */
export const TENSOR_VALUES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14]);

export const SPARSE = { values: 1, indices: 2 } as const;

export const VALUE_INFO = { name: 1, type: 2 } as const;

export const VALUE_INFO_TYPE: ReadonlySet<number> = new Set([VALUE_INFO.type]);

/** TensorAnnotation: the value that is annotated, and the names of tensors that hold its scale and zero point. */
export const ANNOTATION = { tensorName: 1, parameters: 2 } as const;

/** StringStringEntryProto. */
export const ENTRY = { key: 1, value: 2 } as const;

export const OPSET = { domain: 1, version: 2 } as const;

/** Where a graph has what it is made of. */
export const GRAPH = {
  node: 1,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  annotation: 14,
  sparseInitializer: 15,
} as const;

/** The same of a function, whose inputs and outputs are names alone, and which stores no tensors. */
export const FUNCTION = {
  name: 1,
  input: 4,
  output: 5,
  node: 7,
  opsetImport: 9,
  domain: 10,
  attribute: 11,
  valueInfo: 12,
} as const;
