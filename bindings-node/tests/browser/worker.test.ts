/** The client in a Web Worker of a real Chromium, over a real hub that goes and comes back. */

import { expect, test } from 'vitest';
import { Program } from '../e2e/server';
import { launch, Pages } from './pages';

test('follows a task from a worker, over the end of a hub', async () => {
  const pages = await Pages.of('worker.ts', 'in-worker.ts');
  let hub = new Program('steadywire', 'serve', '--listen', '127.0.0.1:0');
  const url = (await hub.line()).replace('listening on ', '');
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(pages.url({ url }));
    const told = (...expected: unknown[]) =>
      expect
        .poll(() => page.evaluate(() => (globalThis as unknown as { told: unknown[] }).told), { timeout: 30_000 })
        .toEqual(expected);
    const send = async (...args: string[]) => {
      const [status, said] = await new Program('steadywire', 'send', '--url', url, 'build-7', ...args).end();
      expect([status, said]).toEqual([0, expect.any(String)]);
    };

    await told('connecting', 'connected');
    await send('--progress', '40');
    await told('connecting', 'connected', 40);
    hub.child.kill('SIGKILL');
    await hub.ended;
    await told('connecting', 'connected', 40, 'reconnecting');
    hub = new Program('steadywire', 'serve', '--listen', new URL(url).host);
    await hub.line();
    await told('connecting', 'connected', 40, 'reconnecting', 'connected');
    await send('--progress', '60');
    await send('--complete');
    // The new hub knows nothing of what was before.
    const lives = ['connecting', 'connected', 40, 'reconnecting', 'connected'];
    await told(...lives, 'gap', 60, 'complete', 'disconnected', 'over');
  } finally {
    await browser.close();
    hub.child.kill('SIGKILL');
    pages.close();
  }
});
