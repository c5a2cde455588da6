/** Pages for tests: a script of `pages/`, bundled as a user's bundler would, and a server that has it. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { build } from 'rolldown';

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS, ...options });
}

/** Serves a page that runs the first script; each is at its name, as `.js`. */
export class Pages {
  private constructor(private readonly server: Server) {}

  static async of(...names: string[]): Promise<Pages> {
    const scripts = new Map<string, string>();
    for (const name of names) {
      scripts.set(scriptOf(name), await bundle(name));
    }
    const server = createServer(({ url = '/' }, answer) => {
      const script = scripts.get(url);
      answer.writeHead(200, {
        'Content-Type': script === undefined ? 'text/html' : 'text/javascript',
      });
      answer.end(
        script ??
          `<!doctype html><div id="root"></div><script type="module" src="${scriptOf(names[0] as string)}"></script>`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Pages(server);
  }

  /** The address of the page, which is told these words. */
  url(words: { readonly [name: string]: string }): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/?${new URLSearchParams(words)}`;
  }

  close(): void {
    this.server.close();
  }
}

const scriptOf = (name: string) => `/${name.replace(/tsx?$/, 'js')}`;

async function bundle(name: string): Promise<string> {
  const { output } = await build({
    input: fileURLToPath(new URL(`pages/${name}`, import.meta.url)),
    platform: 'browser',
    transform: { jsx: { runtime: 'automatic' }, target: 'es2020', define: { 'process.env.NODE_ENV': '"production"' } },
    output: { format: 'esm', minify: true },
    // The hooks say that they are for clients, which a bundler of pages alone need not know.
    onLog() {},
    write: false,
  });
  return output[0].code;
}
