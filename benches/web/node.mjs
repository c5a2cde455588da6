/** One contestant in Node, over the package `ws`: `node node.mjs NAME URL`. Prints what it took. */

import { EventEmitter } from 'node:events';
import WebSocket from 'ws';

const [, , name, url] = process.argv;
let events = 0;
let begun;

function count() {
  if (events++ === 0) {
    begun = { at: performance.now(), cpu: process.cpuUsage() };
  }
}

function done() {
  const { user, system } = process.cpuUsage(begun.cpu);
  const ms = performance.now() - begun.at;
  process.send({ events, perSecond: Math.round((events / ms) * 1000), cpuPerMillion: (user + system) / events });
  process.exit();
}

/** The same typed dispatch that the client does, by hand. */
function dispatch(text) {
  const { type, taskId, timestamp, data } = JSON.parse(text);
  switch (type) {
    case 'progress':
      emitter.emit('progress', { taskId, stage: data.stage, progress: data.progress, message: data.message, timestamp });
      break;
    case 'log':
      emitter.emit('log', { taskId, level: data.level, message: data.message, timestamp });
      break;
    default:
      emitter.emit(type, { taskId, timestamp, data });
  }
}
let emitter = new EventEmitter();

switch (name) {
  case 'steadywire/web': {
    const { Client } = await import('../../target/bench-web/client.mjs');
    emitter = new Client({ url, WebSocket });
    emitter.connect('t0');
    break;
  }
  case 'reconnecting-websocket':
  case 'partysocket': {
    const rival = await import(name);
    const Rival = rival.WebSocket ?? rival.default.default ?? rival.default;
    const socket = new Rival(url, [], { WebSocket });
    socket.addEventListener('message', ({ data }) => dispatch(data));
    break;
  }
  default: {
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => dispatch(data);
  }
}
for (const kind of ['progress', 'log', 'status']) {
  emitter.on(kind, count);
}
emitter.on('complete', done);
