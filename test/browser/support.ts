import { existsSync } from 'node:fs';
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
