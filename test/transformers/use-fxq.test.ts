import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useFxq } from '../../src/transformers/index.js';
import { placeOf } from '../../src/transformers/place.js';
import { encode } from '../support/container.js';
import { generatedModel } from '../support/models.js';
import { tinyModel, writeTiny } from './tiny.js';

const folder = mkdtempSync(join(tmpdir(), 'fxq-transformers-'));
const at = (name: string) => join(folder, name);

interface Told {
  status: string;
  file?: string;
  loaded?: number;
  total?: number;
}

/** What the model says of two texts. */
async function scores(path: string, told: Told[] = []): Promise<unknown> {
  const classify = await pipeline('text-classification', path, {
    dtype: 'fp32',
    progress_callback: (event) => told.push(event as Told),
  });
  return classify(['a very good film', 'not good, bad music']);
}

describe('transformers.js in Node', () => {
  beforeAll(async () => {
    await writeTiny(at('plain'), 'onnx');
    await writeTiny(at('packed'), 'fxq');
    await writeTiny(at('damaged'), 'fxq');
    const container = await encode(tinyModel);
    container[container.length - 20] ^= 1;
    writeFileSync(at('damaged/onnx/model.fxq'), container);
    env.cacheDir = at('cache');
    env.allowRemoteModels = false;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('loads model.fxq in place of model.onnx, and tells how far it is', async () => {
    await expect(scores(at('packed'))).rejects.toThrow(/model\.onnx/);
    const expected = await scores(at('plain'));
    useFxq(env);
    const told: Told[] = [];
    expect(await scores(at('packed'), told)).toEqual(expected);
    expect(told.filter(({ file }) => file === 'onnx/model.onnx').map(({ status }) => status)).toEqual(
      expect.arrayContaining(['initiate', 'progress', 'done']),
    );
    const total = told.filter(({ file, total }) => file === 'onnx/model.onnx' && total).map(({ total }) => total);
    expect(new Set(total)).toEqual(new Set([tinyModel.length]));
  });

  it('loads model.onnx where there is no container', async () => {
    expect(await scores(at('plain'))).toEqual(await scores(at('packed')));
  });

  it('says what is wrong with a damaged container', async () => {
    await expect(scores(at('damaged'))).rejects.toMatchObject({ name: 'FxqError', code: 'CHECKSUM' });
  });

  it('gives external data, too, in any order', async () => {
    const { bytes, external } = generatedModel('external: several files');
    writeFileSync(at('packed/onnx/several.fxq'), await encode(bytes, external));
    const cache = env.customCache!;
    const whole = async (name: string) =>
      new Uint8Array(await ((await cache.match(at(`packed/onnx/${name}`))) as Response).arrayBuffer());
    expect(Buffer.compare(await whole('several.onnx'), bytes)).toBe(0);
  });
});

it('a path, an address and a folder of ones own are one place', () => {
  const where = {
    remoteHost: 'https://huggingface.co/',
    remotePathTemplate: '{model}/resolve/{revision}/',
    localModelPath: '/srv/models/',
  };
  const place = 'some/model/onnx/model.fxq';
  expect(placeOf(`https://huggingface.co/some/model/resolve/main/onnx/model.fxq`, where)).toBe(place);
  expect(placeOf(`/srv/models/${place}`, where)).toBe(place);
  expect(placeOf('https://huggingface.co//tmp/own/resolve/main/onnx/model.fxq', where)).toBe(
    placeOf('/tmp/own/onnx/model.fxq', where),
  );
  expect(placeOf('https://huggingface.co/own.fxq', { ...where, remotePathTemplate: '{model}/' })).toBe('own.fxq');
});
