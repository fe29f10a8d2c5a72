import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, fxq, LENET, MNIST, makeFolder } from './support.js';

describe('options that would do nothing are refused before any work', () => {
  const cases: [args: string[], told: RegExp][] = [
    [['compress', '--by', 'channel'], /--by needs --weights with a format such as int4/],
    [['compress', '--range', 'mse', '--bits', '4'], /--range needs --weights with a format/],
    [['compress', '--min-bits', '3'], /--min-bits needs --weights with a format/],
    [['compress', '--dim', 'N=1', '--bits', '4'], /--dim is for inputs that are made .*, and --bits does without any/],
    [['compress', '--dim', 'N=1', '--no-synthetic'], /--dim is for inputs that are made .*, and --no-synthetic does/],
    [['compress', '--dim', 'N=100000000'], /dimension 'N': input 'input' would have 100000000 × .* values/],
    [['tune', '--data', 'random'], /--data random has no labels to learn from; give --teacher/],
    [['evaluate', '--data', MNIST, '--metric', 'cosine'], /--metric cosine compares with another model; give --ref/],
  ];
  it.each(cases)('%j', ([command, ...args], told) => {
    const folder = makeFolder();
    const output = command === 'evaluate' ? [] : ['-o', join(folder, 'out')];
    const { code, stdout, stderr } = fxq(command, LENET, ...output, ...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(told)]);
    expect(filesIn(folder)).toEqual({});
  });

  it.each([
    ['compress', 'x.onnx', 'a .fxq container is written, of which decode makes an ONNX file again; write -o '],
    ['encode', 'x.json', 'a .fxq container is written; write -o '],
    ['cluster', 'x.fxq', 'an ONNX file is written; write -o '],
  ])('%s -o %s, a name that promises something else', (command, name, told) => {
    const path = join(makeFolder(), name);
    const { code, stderr } = fxq(command, LENET, '-o', path);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`error: -o ${path}: ${told}`)]);
    expect(stderr).toMatch(command === 'cluster' ? /x\.onnx\n$/ : /x\.fxq\n$/);
  });
});
