/** A newcomer's page: the packed package in a fresh Vite app, in a real Chromium. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Program, ROOT } from '../e2e/server';
import { launch } from './pages';

const here = (path: string) => fileURLToPath(new URL(path, ROOT));
const TYPES: { readonly [extension: string]: string } = { '.html': 'text/html', '.js': 'text/javascript' };

test('shows a live bar', async () => {
  const app = here('target/example-react');
  const packed = here('target/packed');
  rmSync(app, { recursive: true, force: true });
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed, { recursive: true });
  cpSync(here('examples/react'), app, { recursive: true });
  const npm = (folder: string, ...args: string[]) => execFileSync('npm', args, { cwd: folder, stdio: 'pipe' });
  npm(here('bindings-node'), 'run', 'build');
  npm(here('bindings-node'), 'pack', '--pack-destination', packed);
  const [tarball = ''] = readdirSync(packed);
  npm(app, 'install', '--no-audit', '--no-fund', join(packed, tarball));
  npm(app, 'run', 'build');

  const files = createServer(({ url = '/' }, answer) => {
    const path = url.split('?')[0] ?? '/';
    const file = path === '/' ? '/index.html' : path;
    try {
      const content = readFileSync(join(app, 'dist', file));
      answer.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'text/plain' }).end(content);
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  const hub = new Program('steadywire', 'serve', '--listen', '127.0.0.1:0');
  const url = (await hub.line()).replace('listening on ', '');
  const browser = await launch();
  try {
    const page = await browser.newPage();
    // Port 8080 is somebody else's here.
    await page.addInitScript((to) => {
      const Native = WebSocket;
      globalThis.WebSocket = class extends Native {
        constructor(from: string | URL) {
          super(String(from).replace('ws://127.0.0.1:8080/ws', to));
        }
      };
    }, url);
    await page.goto(`http://127.0.0.1:${(files.address() as AddressInfo).port}/?task=build-7`);
    const bar = page.getByRole('progressbar');
    await bar.waitFor();
    const send = (...args: string[]) => new Program('steadywire', 'send', '--url', url, 'build-7', ...args).end();
    expect((await send('--progress', '40'))[0]).toBe(0);
    await expect.poll(() => bar.getAttribute('value')).toBe('40');
    expect((await send('--complete'))[0]).toBe(0);
    await expect.poll(() => bar.getAttribute('value')).toBe('100');
  } finally {
    await browser.close();
    hub.child.kill();
    files.close();
  }
}, 300_000);
