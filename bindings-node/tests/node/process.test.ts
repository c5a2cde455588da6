/** When the process ends, and that it ends well. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { run } from './installed';
import { answered, complete, heard, log, progress, type Server, startServer, subscribed } from './server';

const HEAD = `
  import { Client } from 'steadywire';
  const client = new Client({ url: process.env.URL, reconnectInterval: 5, maxReconnectBackoff: 5 });
  const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
`;

let server: Server;
beforeEach(async () => {
  server = await startServer();
});
afterEach(() => server.stop());

test('it ends by itself after disconnect', async () => {
  const ran = await run(`${HEAD} await client.connect(); await client.disconnect(); console.log('done')`, server.url);
  expect(ran).toMatchObject({ status: 0, out: 'done\n', err: '' });
});

test('it stays while a client is open, though nobody holds it', async () => {
  const program = `${HEAD}
    client.on('complete', (event) => { console.log(event.answer); client.disconnect(); });
    client.connect('t');
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  // Long after everything else in that program is over.
  await subscribed(link);
  await answered(link);
  link.send(complete());
  expect(await ended).toMatchObject({ status: 0, out: '42\n', err: '' });
});

test('unref lets it go, ref holds it again', async () => {
  const ran = await run(`${HEAD} await client.connect('t'); client.unref(); console.log('end')`, server.url);
  expect(ran).toMatchObject({ status: 0, out: 'end\n', err: '' });
  const held = run(
    `${HEAD} client.unref(); client.ref(); client.on('log', () => client.close()); client.connect('t')`,
    server.url,
  );
  await server.link();
  const link = await server.link();
  await subscribed(link);
  link.send(log('go'));
  expect(await held).toMatchObject({ status: 0, err: '' });
});

test('a disconnect that was begun is waited for, also after unref', async () => {
  const program = `${HEAD}
    await client.connect('t');
    client.unref();
    client.send({ type: 'complete', taskId: 't', data: 1 }).then((receipt) => console.log(receipt.state));
    await client.disconnect();
    console.log('done');
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await heard(link, (message) => message.type === 'complete');
  const { status, out } = await ended;
  expect([status, out.split('\n').at(-2)]).toEqual([0, 'done']);
});

test('after unref events come while something else holds it, however many there are', async () => {
  const program = `${HEAD}
    setInterval(() => {}, 2 ** 31 - 1);
    let seen = 0;
    client.on('log', () => {
      pause();
      if (++seen === 200) {
        console.log('all');
        process.exit();
      }
    });
    client.unref().connect('t');
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await subscribed(link);
  for (let count = 0; count < 200; count++) {
    link.send(log('line'));
  }
  expect(await ended).toMatchObject({ status: 0, out: 'all\n', err: '' });
});

test('a client that was never connected does not hold it, and what it is asked is answered first', async () => {
  const program = `${HEAD}
    client.subscribe('t'); client.on('progress', () => {});
    client.send({ type: 'heartbeat', taskId: '' }).then((receipt) => console.log(receipt.state));
    await client.flush(); await client.disconnect(); console.log('answered');
  `;
  const ran = await run(program, server.url);
  expect(ran).toMatchObject({ status: 0, err: '' });
  expect(ran.out).toBe('dropped\nanswered\n');
});

test('a server that cannot be reached does not hold it for ever, and crashes nobody', async () => {
  const { url } = server;
  await server.stop();
  const program = `${HEAD} client.on('stateChange', (state) => console.log(state)); client.connect('t').catch((error) => console.log(error.kind, error.code))`;
  const ran = await run(program, url);
  expect(ran.status).toBe(0);
  expect(ran.out).toBe('connecting\nerror\nattempts_exhausted 207\n');
  expect(ran.err).toContain('nobody listens to errors');
  server = await startServer();
});

test('what ended the client is told before the process ends, however late the program looks', async () => {
  const program = `${HEAD}
    client.on('error', (error) => console.log(error.message));
    client.on('stateChange', (state) => {
      console.log(state);
      while (state === 'connecting' && client.getConnectionState() !== 'error') {
        pause();
      }
    });
    client.subscribe('t');
    client.connect();
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await subscribed(link);
  link.send(JSON.stringify({ type: 'error', taskId: 't', timestamp: 1, data: { error: 'out of memory' } }));
  link.close(4400, 'go away');
  const { out, status } = await ended;
  expect(out).toMatch(/^connecting\nconnected\nout of memory\nerror\n.*go away.*\n$/);
  expect(status).toBe(0);
});

test('a client that nobody holds or listens to is collected, which ends it', async () => {
  const program = `
    import { Client } from 'steadywire';
    await (async () => { await new Client({ url: process.env.URL }).connect(); })();
    const look = setInterval(() => gc(), 5); look.unref();
    // Something has to turn the loop.
    process.on('exit', () => console.log('ended'));
  `;
  const ended = run(program, server.url, ['--expose-gc']);
  const link = await server.link();
  const code = await new Promise((resolve) => link.once('close', resolve));
  expect(await ended).toMatchObject({ status: 0, out: 'ended\n', err: '' });
  expect([1000, 1005, 1006]).toContain(code);
});

test('a client whose receipt is waited for is not collected', async () => {
  const program = `
    import { Client } from 'steadywire';
    const collect = (rounds) => {
      gc();
      if (rounds > 0) {
        setTimeout(collect, 1, rounds - 1);
      } else {
        globalThis.other.send({ type: 'own', taskId: 'now' });
      }
    };
    globalThis.other = new Client({ url: process.env.URL });
    await globalThis.other.connect();
    await (async () => {
      const client = new Client({ url: process.env.URL });
      await client.connect();
      setTimeout(collect, 1, 20);
      const { state } = await client.send({ type: 'own', taskId: 'kept' }, { ack: true });
      console.log(state);
      client.close();
    })();
    globalThis.other.close();
  `;
  const ended = run(program, server.url, ['--expose-gc']);
  const hello = { type: 'status', taskId: '', timestamp: 1, data: { action: 'hello', version: 1, features: ['ack'] } };
  const other = await server.link();
  const link = await server.link();
  for (const one of [other, link]) {
    one.send(JSON.stringify(hello));
  }
  const { id } = await heard(link, ({ taskId }) => taskId === 'kept');
  await heard(other, ({ taskId }) => taskId === 'now');
  link.send(JSON.stringify({ type: 'status', taskId: 'kept', timestamp: 1, data: { action: 'ack', id } }));
  expect(await ended).toMatchObject({ status: 0, out: 'acked\n', err: '' });
});

test('a listener that is added right after a call misses nothing', async () => {
  const program = `${HEAD}
    await client.connect();
    await client.flush();
    const { framesIn } = client.stats();
    client.subscribe('t');
    while (client.stats().framesIn === framesIn) {
      pause();
    }
    await undefined;
    client.on('log', (event) => { console.log(event.message); client.close(); });
    // Comes where that does not.
    client.once('complete', () => client.close());
  `;
  const ended = run(program, server.url);
  const link = await server.link();
  await subscribed(link);
  link.send(log('early'));
  await answered(link);
  link.send(complete());
  expect(await ended).toMatchObject({ status: 0, out: 'early\n', err: '' });
});

test('process.exit at any moment ends it with that status', async () => {
  const flood = setInterval(() => {
    for (const link of links) {
      for (let count = 0; count < 500; count++) {
        link.send(progress(count % 100));
      }
    }
  }, 1);
  const links: WebSocket[] = [];
  let accepting = true;
  const accept = async () => {
    while (accepting) {
      links.push(await server.link());
    }
  };
  void accept();
  const moments = ['', 'await client.connect("t");', 'await client.connect("t"); await once(client, "progress");'];
  for (const moment of [...moments, ...moments, ...moments]) {
    const program = `${HEAD}
      const once = (client, name) => new Promise((resolve) => client.once(name, resolve));
      client.on('progress', () => {});
      ${moment}
      client.connect('t').catch(() => {});
      setTimeout(() => process.exit(7), Math.random() * 5);
    `;
    expect(await run(program, server.url)).toMatchObject({ status: 7, signal: null, err: '' });
  }
  accepting = false;
  clearInterval(flood);
});

test('20 workers, ended at full speed, disturb nobody, and their links are closed', async () => {
  const flood = setInterval(() => {
    for (const link of links) {
      for (let count = 0; count < 200 && link.bufferedAmount < 1 << 20; count++) {
        link.send(progress(count % 100));
      }
    }
  }, 1);
  const links: WebSocket[] = [];
  const program = `
    import { Worker } from 'node:worker_threads';
    ${HEAD}
    await client.connect('main');
    const work = \`
      import { Client } from 'steadywire';
      import { parentPort, workerData } from 'node:worker_threads';
      const client = new Client({ url: workerData });
      let seen = 0;
      client.on('progress', () => { if (++seen === 100) parentPort.postMessage('busy'); });
      client.connect('t');
    \`;
    const ended = Array.from({ length: 20 }, () => new Promise((resolve) => {
      const worker = new Worker(work, { eval: true, workerData: process.env.URL });
      worker.on('error', (error) => { console.log(error); process.exit(1); });
      worker.once('message', () => worker.terminate().then(resolve));
    }));
    await Promise.all(ended);
    client.send({ type: 'own', taskId: 'main' });
    await client.wait('main');
    console.log('all ended');
    await client.disconnect();
  `;
  const ended = run(program, server.url);
  const main = await server.link();
  const closed: Promise<unknown>[] = [];
  for (let left = 20; left > 0; left--) {
    const link = await server.link();
    links.push(link);
    closed.push(new Promise((resolve) => link.once('close', resolve)));
  }
  await heard(main, (message) => message.type === 'own');
  // The process lives on, so it is not its end that closes them.
  await Promise.all(closed);
  main.send(complete({}, 'main'));
  expect(await ended).toMatchObject({ status: 0, signal: null, out: 'all ended\n', err: '' });
  clearInterval(flood);
});
