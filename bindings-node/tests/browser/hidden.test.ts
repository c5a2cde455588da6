/** A page in a tab that is hidden, in a real Chromium, over a real hub that goes and comes back. */

import { expect, test } from 'vitest';
import { Program } from '../e2e/server';
import { Pages } from './pages';
import { Tabs } from './tabs';

test('a hidden tab lives through the end of a hub and is right when it is shown again', async () => {
  const pages = await Pages.of('bar.tsx');
  let hub = new Program('steadywire', 'serve', '--listen', '127.0.0.1:0');
  const url = (await hub.line()).replace('listening on ', '');
  const tabs = await Tabs.launch();
  try {
    const tab = await tabs.open(pages.url({ url }));
    // A hidden page gets a turn once a second.
    const shows = (text: string) => expect.poll(() => tab.text('document.body.innerText')).toBe(text);
    const isNow = (state: string) => expect.poll(() => tab.text('document.visibilityState')).toBe(state);
    const send = async (...args: string[]) => {
      const program = new Program('steadywire', 'send', '--url', url, 'build-7', ...args);
      expect((await program.end())[0]).toBe(0);
    };

    await shows('connected 0 unknown');
    await isNow('visible');
    await send('--progress', '40');
    await shows('connected 40 running');

    const other = await tabs.open('about:blank');
    await isNow('hidden');
    hub.child.kill('SIGKILL');
    await hub.ended;
    await shows('reconnecting 40 running');
    hub = new Program('steadywire', 'serve', '--listen', new URL(url).host);
    await hub.line();
    await shows('connected 40 running');
    await send('--progress', '60');
    await shows('connected 60 running');
    await send('--complete');
    await isNow('hidden');

    await tab.bringToFront();
    await isNow('visible');
    await shows('connected 100 complete');
    await expect.poll(() => other.text('document.visibilityState')).toBe('hidden');
  } finally {
    await tabs.close();
    hub.child.kill('SIGKILL');
    pages.close();
  }
});
