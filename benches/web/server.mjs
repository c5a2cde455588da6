/** Sends `count` messages of `tasks` tasks, at `rate` a second (0 = as fast as they are taken), to whoever connects. */

import { WebSocketServer } from 'ws';
import { complete, message } from './messages.mjs';

/** How long a contestant has to set itself up. */
const BEGIN_MS = 500;
/** How much may wait in the socket. */
const HIGH_WATER = 1 << 20;
const TICK_MS = 5;

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('listening', () => process.send(server.address().port));
server.on('connection', (socket, { url }) => {
  const asked = new URL(url, 'ws://h').searchParams;
  const [count, rate, tasks] = ['count', 'rate', 'tasks'].map((name) => Number(asked.get(name)));
  socket.on('message', () => {});
  const all = Array.from({ length: count }, (_, n) => message(n, tasks));
  let sent = 0;
  const begin = performance.now() + BEGIN_MS;
  const step = () => {
    if (socket.readyState !== 1) {
      return;
    }
    const due = rate === 0 ? count : Math.min(count, Math.floor(((performance.now() - begin) * rate) / 1000));
    while (sent < due && socket.bufferedAmount < HIGH_WATER) {
      socket.send(all[sent++]);
    }
    if (sent < count) {
      rate === 0 ? setImmediate(step) : setTimeout(step, TICK_MS);
      return;
    }
    for (let task = 0; task < tasks; task++) {
      socket.send(complete(task));
    }
  };
  setTimeout(step, BEGIN_MS);
});
