/** Ceilings on what an ONNX file may ask of its reader, each with its reason. */

/**
 * Graphs inside graphs. protobuf's C++ reader, and so ONNX Runtime, stops at 100 nested messages, and one subgraph
 * takes three (graph, node, attribute): no deeper model can be run.
 */
export const MAX_GRAPH_DEPTH = 33;

/** Nested group fields (wire types 3 and 4): the same 100 messages. */
export const MAX_GROUP_DEPTH = 100;

/** Dimensions of a tensor. ONNX Runtime's kernels stop far below; numpy at 64. */
export const MAX_RANK = 64;

/** Elements of a tensor: what can be counted exactly in a double, with room to multiply by an element's bits. */
export const MAX_ELEMENTS = 2 ** 46;
