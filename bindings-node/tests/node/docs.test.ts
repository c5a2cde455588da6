/**
 * Every block of JavaScript and TypeScript in README.md and docs/. Blocks marked `js` run in the project where the package
 * is installed, those marked `ts` too and over `steadywire/web`; those marked `tsx` are checked, and docs.test.tsx of the
 * hooks runs the one that is whole. All pass `tsc --strict` against the installed types.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/server';
import { PROJECT, run, startHub, steadywire } from './installed';

/** The addresses that documents give. Here they are that of the hub. */
const ADDRESS = /'wss?:\/\/(127\.0\.0\.1:8080|hub\.example|example\.org)\/ws'/g;

const documents = ['README.md', ...readdirSync(new URL('docs/', ROOT)).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

interface Block {
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

const blocks = documents.flatMap((path): Block[] => {
  const text = readFileSync(new URL(path, ROOT), 'utf8');
  return [...text.matchAll(/^```(js|ts|tsx)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = ''], at) => ({
    name: `${path.replace(/\W/g, '-')}-${at + 1}`,
    language,
    code,
  }));
});

/** What the blocks take for granted, where they do not say it themselves. */
function preamble({ language, code }: Block): string {
  const from = language === 'js' ? 'steadywire' : language === 'ts' ? 'steadywire/web' : 'steadywire/react';
  const lines: string[] = [];
  if (/\bfetchToken\b/.test(code)) {
    lines.push("const fetchToken = async () => 'a token';");
  }
  if (language === 'tsx') {
    for (const name of ['SteadywireProvider', 'useTask']) {
      if (code.includes(name) && !code.includes('import {')) {
        lines.push(`import { ${name} } from '${from}';`);
      }
    }
    if (code.includes('<App />')) {
      lines.push('const App = () => null;', "const token = 'a token';", 'export const page =');
    }
    return `${lines.join('\n')}\n`;
  }
  if (!/\b(class|const) [Cc]lient\b|import .*\bClient\b/.test(code) && /\bclient\b/.test(code)) {
    lines.push(`import { Client } from '${from}';`, "const client = new Client({ url: 'ws://127.0.0.1:8080/ws' });");
  }
  return `${lines.join('\n')}\n`;
}

const sources = blocks.map((block) => {
  // What is left to the program to end.
  const end =
    /\bclient\b/.test(block.code) && block.language !== 'tsx' ? '\nawait client.disconnect();\nexport {};' : '';
  return { ...block, source: `${preamble(block)}${block.code}${end}` };
});

let hub: Awaited<ReturnType<typeof startHub>>;

beforeAll(async () => {
  hub = await startHub();
  rmSync(`${PROJECT}documents`, { recursive: true, force: true });
  mkdirSync(`${PROJECT}documents`, { recursive: true });
  writeFileSync(`${PROJECT}documents/package.json`, '{ "type": "module" }');
  for (const { name, language, source } of sources) {
    writeFileSync(`${PROJECT}documents/${name}.${language === 'tsx' ? 'tsx' : 'ts'}`, source);
    const { outputText } = ts.transpileModule(source.replace(ADDRESS, `'${hub.url}'`), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(`${PROJECT}documents/${name}.mjs`, outputText);
  }
  // Somebody reports the tasks that they follow.
  const worker = new steadywire.Client({ url: hub.url });
  const followed = blocks.flatMap(({ code }) =>
    [...code.matchAll(/(?:follow|wait|connect)\('([^']+)'/g)].map(([, id = '']) => id),
  );
  for (const id of new Set(followed)) {
    const task = worker.report(id);
    task.progress(40, { stage: 'compile' });
    task.log('half');
    await task.complete({ warnings: 0 });
  }
  await worker.disconnect();
});
afterAll(() => hub.stop());

test('all pass tsc --strict against the installed types', () => {
  const types = fileURLToPath(new URL('bindings-node/node_modules/@types', ROOT));
  const program = ts.createProgram(
    sources.map(({ name, language }) => `${PROJECT}documents/${name}.${language === 'tsx' ? 'tsx' : 'ts'}`),
    {
      strict: true,
      noEmit: true,
      jsx: ts.JsxEmit.ReactJSX,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
      typeRoots: [types],
      types: ['node'],
      skipLibCheck: true,
      paths: {
        steadywire: [`${PROJECT}node_modules/steadywire/dist/node/index.d.ts`],
        react: [`${types}/react`],
        'react/jsx-runtime': [`${types}/react/jsx-runtime.d.ts`],
      },
    },
  );
  const found = ts.getPreEmitDiagnostics(program);
  const texts = found.map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  expect(texts).toEqual([]);
});

test.each(sources.filter(({ language }) => language !== 'tsx'))('$name runs', async ({ name }) => {
  const { status, signal, err } = await run(`
    import { createRequire } from 'node:module';
    // What browsers have.
    globalThis.WebSocket ??= createRequire('${fileURLToPath(new URL('bindings-node/', ROOT))}')('ws');
    await import('./documents/${name}.mjs');
  `);
  expect({ status, signal, err }).toEqual({ status: 0, signal: null, err: '' });
});
