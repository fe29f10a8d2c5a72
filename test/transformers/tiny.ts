import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '../support/container.js';
import { attrInt, attrInts, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';

const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'good', 'bad', 'film', 'music', 'very', 'not'];
const SIZE = 256;

/** A classifier of texts: the mean of its words' embeddings, times a matrix. No more is needed to go through `pipeline()`. */
export const tinyModel = modelProto({
  graph: {
    inputs: [valueInfo('input_ids', 'int64', ['batch', 'words'])],
    outputs: [valueInfo('logits', 'float32', ['batch', 2])],
    initializers: [
      floats('embedding', [WORDS.length, SIZE], new Random(1).clustered(WORDS.length * SIZE, 20)).proto,
      floats('classifier', [SIZE, 2], new Random(2).clustered(2 * SIZE, 20)).proto,
    ],
    nodes: [
      node('Gather', ['embedding', 'input_ids'], ['words']),
      node('ReduceMean', ['words'], ['mean'], [attrInts('axes', [1]), attrInt('keepdims', 0)]),
      node('MatMul', ['mean', 'classifier'], ['logits']),
    ],
  },
});

/** Writes the model's folder as transformers.js wants it, with `onnx/model.fxq`, or `model.onnx`, in it. */
export async function writeTiny(folder: string, as: 'fxq' | 'onnx'): Promise<void> {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const write = (name: string, content: object) => writeFileSync(join(folder, name), JSON.stringify(content));
  write('config.json', {
    model_type: 'bert',
    architectures: ['BertForSequenceClassification'],
    id2label: { 0: 'BAD', 1: 'GOOD' },
    label2id: { BAD: 0, GOOD: 1 },
  });
  write('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    model_max_length: 64,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
  });
  write('tokenizer.json', {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: WORDS.slice(0, 4).map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(WORDS.map((word, i) => [word, i])), unk_token: '[UNK]' },
  });
  writeFileSync(join(folder, `onnx/model.${as}`), as === 'onnx' ? tinyModel : await encode(tinyModel));
}
