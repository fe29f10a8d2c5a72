// The figures of Deep Compression (Han, Mao & Dally, ICLR 2016) that ours stand beside.

/** Table 1: error in per cent and size in KB, before and after. */
export const TABLE_1 = {
  'lenet-300-100': { error: [1.64, 1.58], kilobytes: [1070, 27], ratio: 40 },
  'lenet-5': { error: [0.8, 0.74], kilobytes: [1720, 44], ratio: 39 },
};

/** Tables 2 and 3: share of the weights kept in per cent, bits of a weight and of an index without and with Huffman codes. */
export const LAYERS = {
  'lenet-300-100': [
    { layer: 'ip1', ours: 'fc1.weight', kept: 8, weight: [6, 4.4], index: [5, 3.7] },
    { layer: 'ip2', ours: 'fc2.weight', kept: 9, weight: [6, 4.4], index: [5, 4.3] },
    { layer: 'ip3', ours: 'fc3.weight', kept: 26, weight: [6, 4.3], index: [5, 3.2] },
  ],
  'lenet-5': [
    { layer: 'conv1', ours: 'conv1.weight', kept: 66, weight: [8, 7.2], index: [5, 1.5] },
    { layer: 'conv2', ours: 'conv2.weight', kept: 12, weight: [8, 7.2], index: [5, 3.9] },
    { layer: 'ip1', ours: 'fc1.weight', kept: 8, weight: [5, 4.5], index: [5, 4.5] },
    { layer: 'ip2', ours: 'fc2.weight', kept: 19, weight: [5, 5.2], index: [5, 3.7] },
  ],
};
