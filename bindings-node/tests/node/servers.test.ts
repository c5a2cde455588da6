/** A task's life through the servers of docs/servers.md over Express and ws, each of which is killed and started again. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../e2e/server';
import { steadywire } from './installed';

/** Where they find Express and ws. */
const PLACE = fileURLToPath(new URL('target/servers/express/', ROOT));

const QUICK = { reconnectInterval: 20, maxReconnectBackoff: 100 };

const running = new Set<ChildProcess>();

beforeAll(() => {
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(PLACE, { recursive: true });
  cpSync(fileURLToPath(new URL('examples/servers/express/', ROOT)), PLACE, { recursive: true });
  symlinkSync(fileURLToPath(new URL('bindings-node/node_modules', ROOT)), `${PLACE}node_modules`);
});

afterAll(() => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

async function start(program: string, port = '0') {
  const child = spawn(process.execPath, [`${PLACE}${program}`], {
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const restart = async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    return start(program, new URL(url).port);
  };
  return { child, url, restart };
}

type Follow = ReturnType<InstanceType<typeof steadywire.Client>['follow']>;
type Told = NonNullable<Awaited<ReturnType<Follow['next']>>['value']>;

/** The next event that is wanted. Retries and changes of the link are skipped. */
async function until(follow: Follow, wanted: (event: Told) => boolean): Promise<Told> {
  for (;;) {
    const { done, value } = await follow.next();
    if (done || value === undefined) {
      throw new Error('the task ended');
    }
    expect(['lost', 'error', 'gap']).not.toContain(value.type);
    if (wanted(value)) {
      return value;
    }
  }
}

/** To the point where a task has survived a restart and both links are up. */
async function begin(program: string) {
  const server = await start(program);
  const worker = new steadywire.Client({ url: server.url, ...QUICK });
  const follower = new steadywire.Client({ url: server.url, ...QUICK });
  const task = worker.report('build');
  const follow = follower.follow('build');
  task.progress(40, { stage: 'compile' });
  await until(follow, (event) => event.type === 'progress' && event.progress === 40);
  const second = await server.restart();
  // What is written to a link that has just died is gone: progress is not sent again.
  await expect.poll(() => worker.stats()['connects']).toBe(2);
  task.progress(60, { stage: 'link' });
  await until(follow, (event) => event.type === 'progress' && event.progress === 60);
  task.log('after');
  await until(follow, (event) => event.type === 'log' && event.message === 'after');
  const end = () => {
    worker.close();
    follower.close();
  };
  return { server: second, worker, task, follow, end };
}

test('the outcome comes through a restart, and a late follower has it', async () => {
  const { server, task, follow, end } = await begin('server.mjs');
  expect(await task.complete({ files: 12 })).toMatchObject({ state: 'written' });
  expect(await until(follow, (event) => event.type === 'complete')).toMatchObject({ data: { files: 12 } });
  const late = new steadywire.Client({ url: server.url });
  expect(await late.wait('build')).toMatchObject({ kind: 'complete', data: { files: 12 } });
  late.close();
  end();
});

test('with ack, an outcome that died with the server is sent again', async () => {
  const { server, worker, task, follow, end } = await begin('server_ack.mjs');
  // It takes what is written to it, and dies before it reads it.
  server.child.kill('SIGSTOP');
  const written = worker.stats().framesOut;
  const receipt = task.complete({ files: 12 });
  while (worker.stats().framesOut === written) {
    await new Promise(setImmediate);
  }
  await server.restart();
  expect(await receipt).toMatchObject({ state: 'acked' });
  expect(await until(follow, (event) => event.type === 'complete')).toMatchObject({ data: { files: 12 } });
  end();
});
