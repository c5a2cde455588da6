/** The core has no clock, no I/O, no timers and no randomness, and imports nothing but the shared errors and words. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** Names that lead out. tsconfig.json, without the DOM and Node, knows few of them; later targets may know more. */
const FORBIDDEN = new Set([
  ...['Date', 'Temporal', 'performance', 'Intl'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame'],
  ...['random', 'crypto', 'console', 'eval', 'Function'],
  ...['globalThis', 'self', 'window', 'document', 'navigator', 'process', 'require', 'Deno', 'Bun'],
  ...['fetch', 'WebSocket', 'XMLHttpRequest', 'localStorage'],
]);

const core = fileURLToPath(new URL('../../ts/core', import.meta.url));
const files = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** What the core may import, which is held to the same. */
const OUTSIDE = ['../errors', '../types/words'].map((path) => path.split('/').join(sep));

/** Where a file leads out of the core: forbidden names, and imports from elsewhere. */
function leaks(path: string, source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && FORBIDDEN.has(node.text)) {
      found.push(node.text);
    } else if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const from = node.moduleSpecifier;
      if (from && ts.isStringLiteral(from)) {
        const target = relative(core, join(dirname(path), from.text));
        if (!from.text.startsWith('.') || (target.split(sep)[0] === '..' && !OUTSIDE.includes(target))) {
          found.push(from.text);
        }
      }
    } else if (node.kind === ts.SyntaxKind.ImportKeyword || ts.isMetaProperty(node)) {
      found.push(node.parent.getText());
    }
    if (!ts.isImportDeclaration(node)) {
      ts.forEachChild(node, visit);
    }
  };
  ts.forEachChild(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true), visit);
  return found;
}

test.each([...files, '../errors/index.ts', '../types/words.ts'])('%s', (name) => {
  const path = join(core, name);
  expect(leaks(path, readFileSync(path, 'utf8'))).toEqual([]);
});

test('there is something to look at', () => {
  expect(files.length).toBeGreaterThan(20);
});

test('every way out is seen', () => {
  const inside = join(core, 'session/any.ts');
  for (const [source, way] of [
    ['const at = Date.now();', 'Date'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
    ['const text = `${performance.now()}`;', 'performance'],
    ['Math.random();', 'random'],
    ["import { readFileSync } from 'node:fs';", 'node:fs'],
    ["export * from '../../web';", '../../web'],
    ["import type { Wide } from '../../types';", '../../types'],
    ["await import('../event');", "import('../event')"],
    ['import.meta.url;', 'import.meta.url'],
  ] as const) {
    expect(leaks(inside, source)).toContain(way);
  }
  expect(leaks(inside, "import { parse } from '../protocol'; /* Date */ const word = 'fetch';")).toEqual([]);
});
