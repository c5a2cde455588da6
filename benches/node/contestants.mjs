// Who is measured: each connects, subscribes, and calls one handler for each kind of event.

import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

// Ours as it is installed from its tarball, the rivals as they come from the registry.
const here = createRequire(import.meta.url);
const packed = createRequire(`${process.env.STEADYWIRE_PROJECT}/package.json`);

/** By name: `(url, tasks) => Promise<{ on(kind, handler), send(message), close() }>`. */
export const CONTESTANTS = {
  async steadywire(url, tasks) {
    const { Client } = packed('steadywire');
    const client = new Client({ url, conflate: 'never', heartbeatInterval: 0 });
    for (const task of tasks) {
      client.subscribe(task);
    }
    return {
      on: (kind, handler) => client.on(kind, handler),
      start: () => client.connect(),
      send: (message) => client.send(message),
      close: () => client.disconnect(),
    };
  },
  async ws(url, tasks) {
    const { WebSocket } = here('ws');
    return over(new WebSocket(url, { perMessageDeflate: false }), tasks, (socket, take) => socket.on('message', take));
  },
  async partysocket(url, tasks) {
    const { default: ReconnectingWebSocket } = here('partysocket/ws');
    const { WebSocket } = here('ws');
    const take = (socket, take) => socket.addEventListener('message', ({ data }) => take(data));
    return over(new ReconnectingWebSocket(url, [], { WebSocket }), tasks, take);
  },
  async undici(url, tasks) {
    const { WebSocket } = here('undici');
    return over(new WebSocket(url), tasks, (socket, take) => socket.addEventListener('message', ({ data }) => take(data)));
  },
};

/** What everybody writes around a WebSocket: parse, look at the type, tell who listens. */
function over(socket, tasks, listen) {
  const emitter = new EventEmitter();
  listen(socket, (data) => {
    const message = JSON.parse(data);
    const { type, taskId, timestamp } = message;
    if (type === 'progress' || type === 'log') {
      emitter.emit(type, message.data);
    } else {
      emitter.emit(type, { taskId, timestamp, data: message.data });
    }
  });
  return {
    on: (kind, handler) => emitter.on(kind, handler),
    start: () =>
      new Promise((resolve, reject) => {
        socket.addEventListener('error', reject);
        socket.addEventListener('open', () => {
          for (const taskId of tasks) {
            socket.send(JSON.stringify({ type: 'status', taskId, timestamp: Date.now(), data: { action: 'subscribe' } }));
          }
          resolve();
        });
      }),
    send: ({ type, taskId, data }) => socket.send(JSON.stringify({ type, taskId, timestamp: Date.now(), data })),
    close: () => socket.close(),
  };
}
