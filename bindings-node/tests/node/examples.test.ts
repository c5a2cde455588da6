/** The examples, run in a project where the package is installed, against the hub. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
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
  /** The first line, or the first that is wanted. */
  line(wanted?: (line: string) => boolean): Promise<string>;
  readonly ended: Promise<number | null>;
}

function start(name: string, ...args: string[]): Running {
  const child = spawn(process.execPath, [`${PROJECT}examples/${name}`, ...args], {
    env: { ...process.env, STEADYWIRE_URL: hub.url, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const line = (wanted = (_line: string) => true) =>
    new Promise<string>((resolve) => {
      const look = () => {
        const found = lines.find(wanted);
        if (found !== undefined) {
          reader.off('line', look);
          resolve(found);
        }
      };
      reader.on('line', look);
      look();
    });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, lines, line, ended };
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

/** Servers as people have them, each with the relay of the example as a handler, as its first lines say. */
const FRAMEWORKS = `
import { createRequire } from 'node:module';
import { relay } from './relay.mjs';

const find = createRequire(process.argv[2]);
const app = find('express')();
app.get('/tasks/:id', relay);
const server = await new Promise((resolve) => {
  const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
});
const fastify = find('fastify')();
fastify.get('/tasks/:id', (request, reply) => {
  reply.hijack();
  relay(request, reply.raw);
});
const address = await fastify.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify(['http://127.0.0.1:' + server.address().port, address]));
`;

test('the relay is a handler for Express and for Fastify', async () => {
  writeFileSync(`${PROJECT}examples/frameworks.mjs`, FRAMEWORKS);
  const relay = start('frameworks.mjs', fileURLToPath(new URL('bindings-node/package.json', ROOT)));
  const addresses = JSON.parse(await relay.line((line) => line.startsWith('['))) as string[];
  const pages = addresses.map((address) => fetch(`${address}/tasks/framed`).then((response) => response.text()));
  expect(await start('worker.mjs', 'framed').ended).toBe(0);
  for (const text of await Promise.all(pages)) {
    expect(text).toMatch(/event: complete\ndata: \{.*"artifact":"app.tar"/);
  }
  relay.child.kill('SIGKILL');
  await relay.ended;
});

test('a service that is told to end ends well', async () => {
  const service = start('shutdown.mjs', 'service');
  await service.line();
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  expect(service.lines).toEqual(['serving', 'ended: acked']);
});
