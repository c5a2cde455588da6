/** The dashboard in a real Chromium, over a real hub and a real `steadywire run`. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Program, ROOT } from '../e2e/server';
import { launch } from './pages';

const SHOTS = fileURLToPath(new URL('target/screenshots/', ROOT));

/** A task that says how far it is and goes on when it is told. */
const SCRIPT =
  'echo "10%"; until [ -e "$0/a" ]; do sleep 0.05; done; echo "60%"; until [ -e "$0/b" ]; do sleep 0.05; done';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let hub: Program;
let url: string;
let gate: string;
let sockets: string[];

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  browser = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
});

afterAll(() => browser?.close());

beforeEach(async () => {
  gate = mkdtempSync(join(tmpdir(), 'steadywire-'));
  await serve('127.0.0.1:0');
  context = await browser.newContext();
  await open();
});

afterEach(async () => {
  await context.close();
  hub.child.kill('SIGKILL');
  await hub.ended;
  rmSync(gate, { recursive: true });
});

async function serve(listen: string): Promise<void> {
  hub = new Program('steadywire', 'serve', '--listen', listen);
  url = (await hub.line()).replace('listening on ', '');
  expect(await hub.line()).toBe(`in a browser: ${front()}`);
}

const front = () => url.replace('ws:', 'http:').replace(/ws$/, '');

async function open(): Promise<void> {
  sockets = [];
  page = await context.newPage();
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(front());
  await says('Connected');
}

const run = () =>
  new Program('steadywire', 'run', '--url', url, '--no-pty', '--task', 'build-7', '--', 'sh', '-c', SCRIPT, gate);
const go = (name: string) => writeFileSync(join(gate, name), '');
const says = (text: string) => page.locator('[role=status]', { hasText: text }).waitFor();
const card = (text: string | RegExp) => page.locator('li', { hasText: text }).waitFor();

test('follows a run, and looks right in light, dark and on a phone', async () => {
  await page.getByText('No task yet').waitFor();
  const task = run();
  await card(/build-7.*running/);
  await card('10 %');
  await page.getByText(/^Log/).click();
  await page.getByRole('log').getByText('10%').waitFor();
  await page.screenshot({ path: `${SHOTS}running.png` });
  go('a');
  await card('60 %');
  go('b');
  await card(/build-7.*complete/);
  expect(await page.getByRole('progressbar').getAttribute('value')).toBe('100');
  expect((await task.end())[0]).toBe(0);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 375, height: 667 });
  await page.screenshot({ path: `${SHOTS}phone-dark.png` });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
  // In StrictMode: one component mounted twice is still one socket.
  expect(sockets.length).toBe(1);
});

test('is used with the keyboard alone', async () => {
  const task = run();
  await card('10 %');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('log').getByText('10%').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('log');
  go('a');
  go('b');
  await task.end();
});

test('survives a hub that is killed and comes back', async () => {
  const task = run();
  await card('10 %');
  hub.child.kill('SIGKILL');
  await hub.ended;
  await says('The link to the hub is lost');
  await page.screenshot({ path: `${SHOTS}hub-gone.png` });
  await serve(new URL(url).host);
  await says('Connected');
  go('a');
  await card('60 %');
  go('b');
  await card(/build-7.*complete/);
  expect((await task.end())[0]).toBe(0);
});

test('goes on after offline and online, and after it was frozen', async () => {
  const task = run();
  await card('10 %');
  await context.setOffline(true);
  await context.setOffline(false);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  go('a');
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await card('60 %');
  go('b');
  await card(/build-7.*complete/);
  await task.end();
  expect(sockets.length).toBeLessThanOrEqual(2);
});

test('goes on when it comes back from the cache of the browser', async () => {
  const task = run();
  await card('10 %');
  await page.evaluate(() => {
    (globalThis as { kept?: boolean }).kept = true;
  });
  await page.goto(`${front()}tasks`);
  go('a');
  await page.goBack({ waitUntil: 'commit' });
  await card('60 %');
  expect(await page.evaluate(() => (globalThis as { kept?: boolean }).kept)).toBe(true);
  await says('Connected');
  go('b');
  await card(/build-7.*complete/);
  await task.end();
});
