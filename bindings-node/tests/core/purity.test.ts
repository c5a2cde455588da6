/** The core has no clock, no I/O, no timers and no randomness, and imports nothing from outside its folder. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const core = fileURLToPath(new URL('../../ts/core', import.meta.url));
const FORBIDDEN =
  /\b(?:Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|Math\.random|crypto|console|globalThis|window|document|process|fetch|WebSocket|require|TextEncoder)\b/;

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sources(path) : path.endsWith('.ts') ? [path] : [];
  });
}

/** Without comments and texts, which may name anything. */
function code(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "''");
}

test.each(sources(core).map((path) => [relative(core, path), path]))('%s', (_, path) => {
  const source = readFileSync(path, 'utf8');
  expect(FORBIDDEN.exec(code(source))?.[0]).toBeUndefined();
  for (const [, from = ''] of source.matchAll(/\bfrom '([^']+)'/g)) {
    expect(from).toMatch(/^\.\.?\//);
    expect(relative(core, join(dirname(path), from))).not.toMatch(/^\.\./);
  }
});

test('there is something to look at', () => {
  expect(sources(core).length).toBeGreaterThan(20);
});
