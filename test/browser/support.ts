import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const { CHROMIUM } = process.env;
const found = [CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path));

/**
 * Whether tests in a browser can run. Where there is no Chromium they are skipped, which the summary shows, but not in
 * continuous integration: a test that did not run must not look there like one that passed.
 */
export const HAS_CHROMIUM = found !== undefined || process.env.CI !== undefined;
if (found === undefined) {
  process.stderr.write('no Chromium for the browser tests: apt-get install chromium, or set CHROMIUM to its path\n');
}

export function launch(): Promise<Browser> {
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const silent = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  if (found === undefined) throw new Error('no Chromium: apt-get install chromium, or set CHROMIUM to its path');
  return chromium.launch({ executablePath: found, headless: true, args: [...flags, ...silent] });
}

/** Builds a page with the example's Vite settings. */
export async function buildPage(root: string, outDir: string, publicDir: string | false): Promise<void> {
  const configFile = new URL('../../examples/browser/vite.config.js', import.meta.url).pathname;
  const options = { outDir, emptyOutDir: true, minify: false, reportCompressedSize: false } as const;
  await build({ root, configFile, base: './', publicDir, build: options, logLevel: 'error' });
}

/** A page's complaints, so that a test can expect none. */
export function complaints(page: Page): string[] {
  const said: string[] = [];
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') said.push(message.text());
  });
  return said;
}

/** A page that was opened, with what it complains and warns of, and the workers that it has started. */
export interface OpenedPage {
  readonly page: Page;
  readonly said: readonly string[];
  readonly workers: () => number;
}

/** Writes a page around what its head loads into a folder that is served, and opens it once there is a `run` to call. */
export async function openPage(
  browser: Browser,
  { folder, name, head, origin }: { folder: string; name: string; head: string; origin: string },
): Promise<OpenedPage> {
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${head}`;
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'index.html'), html);
  const page = await browser.newPage();
  const said = complaints(page);
  let workers = 0;
  page.on('worker', () => workers++);
  page.on('console', (message) => message.type() === 'warning' && said.push(message.text()));
  await page.goto(`${origin}/${name}/`);
  await page.waitForFunction(() => 'run' in window);
  return { page, said, workers: () => workers };
}
