/**
 * Every block of tests/mission/MISSION.md that is not React's, byte for byte behind the preamble of its number, checked
 * against the installed types and run in the project where the package is installed.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../e2e/server';
import { PROJECT, run } from './installed';
import { heard, log, progress, type Server, startServer, subscribed } from './server';

/** The package under the name that the blocks import, and the address that they give as the test's own. */
const MAPPED = `
import * as steadywire from 'steadywire';
export * from 'steadywire';
const mapped = (options) => options && { ...options, url: process.env.URL };
export const getWebSocketService = (options) => steadywire.getWebSocketService(mapped(options));
export class WebSocketService extends steadywire.WebSocketService {
  constructor(options) {
    super(mapped(options));
  }
}
`;

const text = readFileSync(new URL('tests/mission/MISSION.md', ROOT), 'utf8');
const blocks = [...text.matchAll(/^```(typescript|tsx)\n([\s\S]*?)^```$/gm)].flatMap(([, language, code], at) => {
  if (language === 'tsx') {
    return [];
  }
  const preamble = readFileSync(new URL(`tests/mission/preambles/${at + 1}.ts`, ROOT), 'utf8');
  return [{ number: at + 1, source: `${preamble}\n${code}` }];
});

let server: Server;

beforeEach(async () => {
  server = await startServer();
  // The import path, mapped: a package of that name.
  const mapped = `${PROJECT}node_modules/@/services`;
  mkdirSync(mapped, { recursive: true });
  writeFileSync(`${mapped}/package.json`, '{ "type": "module", "exports": { "./WebSocketService": "./index.js" } }');
  writeFileSync(`${mapped}/index.js`, MAPPED);
  mkdirSync(`${PROJECT}mission`, { recursive: true });
  writeFileSync(`${PROJECT}mission/package.json`, '{ "type": "module" }');
  for (const { number, source } of blocks) {
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    writeFileSync(`${PROJECT}mission/${number}.ts`, source);
    writeFileSync(`${PROJECT}mission/${number}.mjs`, outputText);
  }
});

afterEach(async () => {
  await server.stop();
});

/** Runs a block, then `more`, with the service that the block uses. */
const play = (number: number, more = '') =>
  run(
    `
    import { getWebSocketService, SteadywireError } from 'steadywire';
    const block = await import('./mission/${number}.mjs');
    ${more}
  `,
    server.url,
  );

test('all pass tsc --strict against the installed types', () => {
  expect(blocks.map(({ number }) => number)).toEqual([1, 2, 3, 4, 8, 9, 10, 11, 12]);
  const program = ts.createProgram(
    blocks.map(({ number }) => `${PROJECT}mission/${number}.ts`),
    {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      moduleDetection: ts.ModuleDetectionKind.Force,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
      types: [],
      skipLibCheck: true,
      paths: { '@/services/WebSocketService': [`${PROJECT}node_modules/steadywire/dist/node/index.d.ts`] },
    },
  );
  const found = ts.getPreEmitDiagnostics(program);
  const texts = found.map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  expect(texts).toEqual([]);
});

test('1: connects, subscribes, listens, disconnects; and again, over a link that is cut', async () => {
  const ended = play(1, "await getWebSocketService().connect('task-123');");
  // The block disconnects at once: it may do so before it has subscribed.
  await server.link();
  const second = await server.link();
  await subscribed(second);
  second.send(progress(40, 'task-123', 'm'));
  await heard(second, (message) => message.type === 'heartbeat' || message.data?.action === 'subscribe');
  second.terminate();
  const third = await server.link();
  await subscribed(third);
  third.send(progress(60, 'task-123', 'm'));
  third.send(log('hello', 'task-123'));
  third.close(4400, 'that is all');
  const { out, status } = await ended;
  expect(status).toBe(0);
  expect(out).toContain('Progress: 60% - m\n[info] hello\n');
});

test('2: its states are the words of the enum', async () => {
  const ended = play(
    2,
    'await getWebSocketService().connect(); await new Promise(setImmediate); await getWebSocketService().disconnect();',
  );
  expect(await ended).toMatchObject({
    out: [
      'Current state: disconnected',
      ...['connecting', 'connected', 'disconnected'].map((state) => `Connection state changed: ${state}`),
      '',
    ].join('\n'),
    err: '',
    status: 0,
  });
});

test('3, 8, 9, 10: types and their values', async () => {
  const same = `
    const { MessageType } = await import('steadywire');
    console.log(JSON.stringify(block.MessageType) === JSON.stringify(MessageType));
  `;
  expect(await play(3, same)).toMatchObject({ out: 'true\n', err: '', status: 0 });
  for (const number of [8, 9, 10]) {
    expect(await play(number)).toMatchObject({ out: '', err: '', status: 0 });
  }
});

test('4: takes the options', async () => {
  const more =
    'await block.wsService.connect(); console.log(block.wsService.getConnectionState()); await block.wsService.disconnect();';
  expect(await play(4, more)).toMatchObject({ out: 'connected\n', err: '', status: 0 });
});

test('11: errors are told', async () => {
  const ended = play(11, "await getWebSocketService().connect('t');");
  const link = await server.link();
  await subscribed(link);
  link.send(JSON.stringify({ type: 'error', taskId: 't', timestamp: 1, data: { error: 'out of memory' } }));
  link.close(4400, 'go away');
  const { err, status } = await ended;
  expect(status).toBe(0);
  expect(err).toMatch(/WebSocket error: \{[\s\S]*out of memory/);
  expect(err).toMatch(/WebSocket error: \{[\s\S]*go away/);
});

test('12: disconnects and connects again', async () => {
  const ended = play(
    12,
    'console.log(getWebSocketService().getConnectionState()); await getWebSocketService().disconnect();',
  );
  const link = await server.link();
  await subscribed(link);
  expect(await ended).toMatchObject({ out: 'connected\n', err: '', status: 0 });
});
