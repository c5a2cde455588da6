// The driver for browsers: a page in Chromium, which Debian has. `node chromium.mjs PAGE.js`

import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
});
const page = await browser.newPage();
page.on('pageerror', (error) => console.error(error));
await page.exposeFunction('say', (line) => process.stdout.write(`${line}\n`));
await page.addScriptTag({ path: process.argv[2] });

for await (const line of createInterface({ input: process.stdin })) {
  await page.evaluate((told) => window.obey(told), line);
}
await browser.close();
