/** The examples, run in a project where the package is installed, against the hub. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/server';
import { PROJECT, startHub } from './installed';

let hub: Awaited<ReturnType<typeof startHub>>;

beforeAll(async () => {
  cpSync(fileURLToPath(new URL('examples/node/', ROOT)), `${PROJECT}examples`, { recursive: true });
  hub = await startHub();
});
afterAll(() => hub.stop());

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  line(): Promise<string>;
  readonly ended: Promise<number | null>;
}

function start(name: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [`${PROJECT}examples/${name}`, ...args], {
    env: { ...process.env, STEADYWIRE_URL: hub.url, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const heard = new Promise<string>((resolve) => reader.once('line', resolve));
  reader.on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, lines, line: () => heard, ended };
}

test('a worker reports, a follower follows it to its end, and a late one has the outcome', async () => {
  const follower = start('follow.mjs', 'example');
  const worker = start('worker.mjs', 'example');
  expect(await worker.ended).toBe(0);
  expect(worker.lines).toEqual(['the end: acked']);
  expect(await follower.ended).toBe(0);
  expect(follower.lines.at(-1)).toBe("complete { artifact: 'app.tar' }");
  const late = start('fan-in.mjs', 'example');
  expect(await late.ended).toBe(0);
  expect(late.lines[0]).toContain('example complete');
});

test('many tasks over one connection', async () => {
  const all = start('fan-in.mjs', 'one', 'two');
  await Promise.all([start('worker.mjs', 'one').ended, start('worker.mjs', 'two').ended]);
  expect(await all.ended).toBe(0);
  expect(all.lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['one complete', 'two complete']);
});

test('the relay passes a task on to a page', async () => {
  const relay = start('relay.mjs');
  const address = (await relay.line()).replace('ID', 'relayed');
  const page = fetch(address).then((response) => response.text());
  expect(await start('worker.mjs', 'relayed').ended).toBe(0);
  const text = await page;
  expect(text).toMatch(/event: complete\ndata: \{.*"artifact":"app.tar"/);
  relay.child.kill('SIGTERM');
  expect(await relay.ended).toBe(0);
});

test('a service that is told to end ends well', async () => {
  const service = start('shutdown.mjs', 'service');
  await service.line();
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  expect(service.lines).toEqual(['serving', 'ended: acked']);
});
