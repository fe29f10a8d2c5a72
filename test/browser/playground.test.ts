import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';
import { type Server, serve } from './server.js';
import { complaints, HAS_CHROMIUM, launch } from './support.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LENET = join(root, 'models/lenet-300-100.onnx');

describe.runIf(HAS_CHROMIUM)('the playground', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-playground-'));
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    browser = await launch();
    const outDir = join(folder, 'site');
    const configFile = join(root, 'playground/vite.config.ts');
    await build({ configFile, logLevel: 'error', build: { outDir, minify: false, reportCompressedSize: false } });
    server = await serve(outDir);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a visitor would see: a model dropped on the page. */
  async function drop(page: Page, path: string, name: string) {
    const transfer = await page.evaluateHandle(
      ([text, name]) => {
        const transfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
        return transfer;
      },
      [readFileSync(path, 'base64'), name],
    );
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
    await settled(page);
  }

  const settled = (page: Page) =>
    page.locator('#work[aria-busy=false] #download:enabled').waitFor({ state: 'attached' });

  async function download(page: Page, button: string): Promise<Buffer> {
    const [file] = await Promise.all([page.waitForEvent('download'), page.locator(button).click()]);
    return readFileSync(await file.path());
  }

  it('compresses what is dropped as the slider says, to what the command line gives for the lines that it shows', async () => {
    const page = await browser.newPage();
    const said = complaints(page);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`${server.origin}/`);
    await drop(page, LENET, 'my net.onnx');
    const unasked = await page.locator('#size-after').textContent();
    await page.getByText('By bits').click();
    await page.locator('#bits').focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowLeft');
    await page.locator('#density').fill('40');
    await page.getByLabel('leave fc3.weight as it is').check();
    await page.locator('#command', { hasText: '--exclude' }).waitFor();
    await settled(page);
    expect(await page.locator('#size-after').textContent()).not.toBe(unasked);
    const command = (await page.locator('#command').textContent()) ?? '';
    expect(command).toBe(
      "npx fxq-compress compress 'my net.onnx' -o 'my net.fxq' --density 0.4 --bits 3 --exclude fc3.weight",
    );
    const made = await download(page, '#download');
    const config = await download(page, '#download-config');
    writeFileSync(join(folder, 'my net.onnx'), readFileSync(LENET));
    writeFileSync(join(folder, 'fxq.yaml'), config);
    const run = (words: string[]) =>
      execFileSync(process.execPath, [join(root, 'bin/fxq-compress.js'), ...words, '--quiet'], { cwd: folder });
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain).slice(2);
    run(words);
    run(['compress', 'my net.onnx', '-o', 'again.fxq', '--config', 'fxq.yaml']);
    for (const name of ['my net.fxq', 'again.fxq'])
      expect(Buffer.compare(made, readFileSync(join(folder, name)))).toBe(0);
    expect(await decode(made)).toHaveLength((await decode(readFileSync(join(folder, 'my net.fxq')))).length);
    // The histogram: seven values and zero, in a layer of 235,200 weights; the map: a button for each layer on either side.
    expect(await page.locator('.histogram figcaption').textContent()).toMatch(
      /fc1.weight [789] values stand for 235,200/,
    );
    expect(await page.locator('.map [data-layer="fc1.weight"]').count()).toBe(2);
    expect(requests.filter((url) => !url.startsWith(server.origin) && !/^(data|blob):/.test(url))).toEqual([]);
    expect(said).toEqual([]);
    await page.close();
  });

  it('finds the clearest weights for a size, and compares answers', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/`);
    await page.getByRole('button', { name: 'LeNet-300-100' }).click();
    await settled(page);
    await page.getByText('To a size').click();
    await page.locator('#target').fill('10');
    await page.locator('#status', { hasText: 'dB over their noise' }).waitFor();
    await settled(page);
    const made = await download(page, '#download');
    const target = 0.1 * readBytes(LENET).length;
    expect(made.length).toBeLessThanOrEqual(target);
    expect(made.length).toBeGreaterThan(0.9 * target);
    await page.getByRole('button', { name: 'Compare answers' }).click();
    const facts = page.locator('#answers dd');
    await facts.first().waitFor();
    expect(await facts.first().textContent()).toMatch(/^\d+ %$/);
    await page.close();
  });

  it('works without a network once it was there, on a phone', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await page.goto(`${server.origin}/`);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await context.setOffline(true);
    await page.reload();
    const path = packageModels().find((name) => name.includes('cls_infer')) as string;
    await page.setInputFiles('#file', path);
    await settled(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    expect(await page.locator('#ratio').textContent()).toMatch(/× smaller$/);
    await context.close();
  });

  it('names what is no model', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/`);
    await page.setInputFiles('#file', join(root, 'LICENSE'));
    const problem = page.locator('#problem:not(:empty)');
    await problem.waitFor();
    expect(await problem.textContent()).toMatch(/expected|ONNX/);
    await page.close();
  });
});
