import { chromium } from 'playwright-core';
import { existsSync } from 'node:fs';
const [,, file, sel, out] = process.argv;
const b = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH || ['/usr/bin/chromium','/usr/bin/chromium-browser'].find(existsSync), args:['--no-sandbox'] });
const p = await b.newPage({ viewport: { width: 1100, height: 900 } });
await p.goto('file://' + file);
await p.evaluate(()=>document.querySelectorAll('details').forEach(d=>d.open=true));
await p.locator(sel).screenshot({ path: out });
await b.close();
