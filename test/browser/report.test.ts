import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatBytes, formatRatio, formatShare } from '../../src/inspect/format.js';
import type { Comparison } from '../../src/report/comparison.js';
import { fxq, LENET, MNIST } from '../cli/support.js';
import { complaints, HAS_CHROMIUM, launch } from './support.js';

describe.runIf(HAS_CHROMIUM)('a report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-report-'));
  const html = join(folder, 'report.html');
  let facts: Comparison;
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
    const small = join(folder, 'small.fxq');
    expect(fxq('compress', LENET, '-o', small, '--density', '0.3', '--bits', '4', '-q').code).toBe(0);
    const { code, stdout } = fxq('report', LENET, small, '--data', MNIST, '--limit', '200', '-o', html, '--json');
    expect(code).toBe(0);
    facts = JSON.parse(stdout);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report from the disk; what it asks the network for and what it complains of is kept. */
  async function open(width: number, javaScriptEnabled = true) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, javaScriptEnabled });
    const page = await context.newPage();
    const said = complaints(page);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(html).href);
    return { page, said, requests, close: () => context.close() };
  }

  const column = (page: Page, number: number) =>
    page.locator(`table.sortable tbody tr > :nth-child(${number})`).allTextContents();
  /** The first column without operator and shape. */
  const names = async (page: Page) => (await column(page, 1)).map((text) => text.split(' ')[0]);
  const foot = (page: Page) => page.locator('table.sortable tfoot').textContent();

  it('shows the figures of the JSON', async () => {
    const { page, said, requests, close } = await open(1280);
    const tiles = await page.locator('.tile').allTextContents();
    expect(tiles[0]).toContain(formatBytes(facts.original.bytes));
    expect(tiles[1]).toContain(formatBytes(readFileSync(join(folder, 'small.fxq')).length));
    expect(tiles[2]).toContain(formatRatio(facts.ratio));
    const { original, compressed } = facts.accuracy as NonNullable<Comparison['accuracy']>;
    for (const top1 of [original.top1, compressed.top1])
      expect(tiles[3]).toContain(`${(100 * (top1 as number)).toFixed(2)}%`);
    const weights = facts.rows.slice(0, 3);
    expect(await names(page)).toEqual(weights.map(({ label }) => label));
    expect(await column(page, 3)).toEqual(weights.map(({ density }) => formatShare(density)));
    expect(await column(page, 5)).toEqual(weights.map(({ weightBits }) => weightBits[1]?.toFixed(1)));
    expect(await column(page, 7)).toEqual(weights.map(({ indexBits }) => indexBits[1]?.toFixed(1)));
    expect(await column(page, 9)).toEqual(weights.map(({ ratio }) => formatRatio(ratio[1] as number)));
    expect(await foot(page)).toContain(formatRatio(facts.total.ratio[1] as number));
    for (const { name, bytes } of facts.parts) {
      const row = page.locator('#bytes tr', { hasText: name }).first();
      expect(await row.textContent()).toContain(`${bytes.toLocaleString('en')} bytes`);
    }
    expect(said).toEqual([]);
    expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
    await close();
  });

  it('sorts its table by any column, both ways, by pointer and by key', async () => {
    const { page, said, close } = await open(1280);
    const unsorted = await foot(page);
    const sizes = facts.rows.slice(0, 3).map(({ label, bytes }) => ({ label, bytes }));
    const bySize = [...sizes].sort((a, b) => b.bytes - a.bytes).map(({ label }) => label);
    const head = page.getByRole('columnheader', { name: 'size' });
    await page.getByRole('button', { name: 'size' }).click();
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    expect(await names(page)).toEqual(bySize);
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    expect(await names(page)).toEqual([...bySize].reverse());
    await page.getByRole('button', { name: 'layer' }).focus();
    await page.keyboard.press('Space');
    const sorted = sizes.map(({ label }) => label).sort();
    expect(await names(page)).toEqual(sorted);
    expect(await head.getAttribute('aria-sort')).toBe(null);
    await page.keyboard.press('Space');
    expect(await names(page)).toEqual(sorted.reverse());
    expect(await foot(page)).toBe(unsorted);
    expect(said).toEqual([]);
    await close();
  });

  it.each([320, 390, 768, 1280])('does not scroll sideways at %i px', async (width) => {
    const { page, close } = await open(width);
    const page_ = 'document.documentElement';
    expect(await page.evaluate(`${page_}.scrollWidth - ${page_}.clientWidth`)).toBe(0);
    // What is drawn is seen: one of the two widths.
    const plots = page.locator('#baselines svg:visible');
    expect(await plots.count()).toBe(1);
    await page.locator('#layers summary').first().click();
    expect(await page.locator('.layer svg:visible').count()).toBeGreaterThanOrEqual(3);
    await close();
  });

  it('reads without script', async () => {
    const { page, said, close } = await open(390, false);
    expect(await page.locator('table.sortable tbody tr').count()).toBe(3);
    expect(await page.locator('button').count()).toBe(0);
    expect(await page.getByText('top-1 accuracy').first().isVisible()).toBe(true);
    expect(said).toEqual([]);
    await close();
  });

  it.each(['light', 'dark'] as const)('has text that stands out in %s mode', async (colorScheme) => {
    const { page, close } = await open(1280);
    await page.emulateMedia({ colorScheme });
    const ratios = (await page.evaluate(CONTRASTS)) as Record<string, number>;
    for (const [selector, ratio] of Object.entries(ratios)) expect(ratio, selector).toBeGreaterThan(4.5);
    await close();
  });
});

/** Contrast of text to the background that it is on (WCAG 2), by selector. */
const CONTRASTS = `(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return /, 0\\)$/.test(backgroundColor) ? behind(element.parentElement) : backgroundColor;
  };
  const found = {};
  for (const selector of ['h1', '.over', '.intro', 'nav a', '.tile dt', '.tile.main dd', '.tile span', 'th button', 'tbody td', 'tfoot .others td', '.muted', '.note', '.hash', 'code', 'svg text']) {
    const element = document.querySelector(selector);
    if (!element) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(element instanceof SVGElement ? style.fill : style.color), luminance(behind(element.closest('svg')?.parentElement ?? element))].sort((x, y) => y - x);
    found[selector] = (a + 0.05) / (b + 0.05);
  }
  return found;
})()`;
