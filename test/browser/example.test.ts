import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { type Server, serve } from './server.js';
import { buildPage, complaints, HAS_CHROMIUM, launch } from './support.js';

const DIGITS = 200;
const example = fileURLToPath(new URL('../../examples/browser', import.meta.url));
const MODEL = '/lenet-5.fxq';

describe.runIf(HAS_CHROMIUM)('the example page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-example-'));
  const [prepared, built] = [join(folder, 'public'), join(folder, 'built')];
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    browser = await launch();
    execFileSync(process.execPath, [join(example, 'prepare.js'), prepared, `${DIGITS}`]);
    await buildPage(example, built, prepared);
    server = await serve(built);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads digits as Node does, in the page and in a worker', async () => {
    const container = readFileSync(join(prepared, 'lenet-5.fxq'));
    const onnx = await decode(container);
    const answers = await answersInNode(onnx, readFileSync(join(prepared, 'digits.bin')));
    const page = await browser.newPage();
    const said = complaints(page);
    await page.goto(`${server.origin}/`);
    for (const inWorker of [false, true]) {
      if (inWorker) {
        await page.locator('#worker').check();
        await page.locator('#load').click();
      }
      await page.getByText(`${DIGITS} digits in`).waitFor();
      const captions = await page.locator('#digits figcaption').allTextContents();
      expect(captions.map(Number)).toEqual(answers);
      const bars = await page
        .locator('progress')
        .evaluateAll((all) =>
          (all as unknown as { value: number; max: number }[]).map(({ value, max }) => [value, max]),
        );
      expect(bars).toEqual([
        [container.length, container.length],
        [onnx.length, onnx.length],
      ]);
    }
    expect(said).toEqual([]);
    await page.close();
  });

  it('can be cancelled, says so, and loads again', async () => {
    server.behaviours.set(MODEL, { bytes: 20_000, ending: 'held' });
    const page = await browser.newPage();
    await page.goto(`${server.origin}/`);
    await page.locator('#downloaded', { hasText: 'of 52' }).waitFor();
    await page.locator('#cancel').click();
    await page.locator('#status', { hasText: 'Cancelled.' }).waitFor();
    server.behaviours.delete(MODEL);
    await page.locator('#load').click();
    await page.getByText(`${DIGITS} digits in`).waitFor();
    await page.close();
  });

  it.each([
    ['IO', { bytes: 20_000, ending: 'broken' }],
    ['CONTAINER_MALFORMED', { bytes: 20_000 }],
  ] as const)('shows %s when the download ends early', async (code, behaviour) => {
    server.behaviours.set(MODEL, behaviour);
    const page = await browser.newPage();
    await page.goto(`${server.origin}/`);
    await page.locator('#status.error', { hasText: `${code}: ` }).waitFor();
    await page.close();
    server.behaviours.delete(MODEL);
  });
});

async function answersInNode(onnx: Uint8Array, digits: Uint8Array): Promise<number[]> {
  const session = await ort.InferenceSession.create(onnx);
  const pixels = Float32Array.from(
    digits.filter((_, i) => i % 785 !== 0),
    (pixel) => pixel / 255,
  );
  const { logits } = await session.run({ input: new ort.Tensor('float32', pixels, [digits.length / 785, 1, 28, 28]) });
  const rows = logits.data as Float32Array;
  return Array.from({ length: digits.length / 785 }, (_, i) => {
    const row = rows.subarray(10 * i, 10 * i + 10);
    return row.indexOf(Math.max(...row));
  });
}
