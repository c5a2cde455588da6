// The same with the extension `ack`: `npm install express ws`, `node server_ack.mjs`.

import express from 'express';
import { WebSocketServer } from 'ws';

// A client for whom so many bytes wait is cut off. It comes back, and gets the latest.
const MAX_WAITING = 1 << 20;
// How many tasks are remembered; beyond that the one heard of longest ago is forgotten.
const MAX_TASKS = 10_000;
// How many ids of messages are remembered, the newest. One that comes again is acknowledged and otherwise ignored.
const MAX_IDS = 100_000;

// Which tasks each connection follows.
const connections = new Map();
const latest = new Map();
const known = new Set();
const control = (taskId, data) => JSON.stringify({ type: 'status', taskId, timestamp: Date.now(), data });

const server = express().listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`ws://127.0.0.1:${server.address().port}/ws`);
});

new WebSocketServer({ server, path: '/ws', maxPayload: 1 << 20 }).on('connection', (socket) => {
  connections.set(socket, new Set());
  tell(socket, control('', { action: 'hello', version: 1, features: ['ack'] }));
  socket.on('message', (bytes) => {
    try {
      hear(String(bytes), socket, connections.get(socket));
    } catch {
      socket.close(1007); // what is no message
    }
  });
  socket.on('close', () => connections.delete(socket));
  socket.on('error', (error) => console.error(error.message));
});

function hear(received, socket, followed) {
  let text = received;
  const { id, ...message } = JSON.parse(received);
  const { type, taskId, data } = message;
  const action = type === 'status' ? data?.action : undefined;
  if (type === 'heartbeat') {
    if (data?.received !== true) tell(socket, JSON.stringify({ ...message, data: { received: true } }));
  } else if (action === 'subscribe') {
    followed.add(taskId);
    for (const kept of latest.get(taskId)?.values() ?? []) tell(socket, kept);
  } else if (action === 'unsubscribe') {
    followed.delete(taskId);
  } else {
    if (id !== undefined) {
      tell(socket, control(taskId, { action: 'ack', id }));
      if (known.has(`${taskId} ${id}`)) return;
      known.add(`${taskId} ${id}`);
      if (known.size > MAX_IDS) known.delete(known.keys().next().value);
      text = JSON.stringify(message);
    }
    if (['progress', 'complete', 'error'].includes(type)) {
      const kept = type === 'progress' ? new Map() : (latest.get(taskId) ?? new Map()); // progress: it runs (again)
      latest.delete(taskId);
      latest.set(taskId, kept.set(type, text));
      if (latest.size > MAX_TASKS) latest.delete(latest.keys().next().value);
    }
    for (const [follower, tasks] of connections) if (tasks.has(taskId)) tell(follower, text);
  }
}

function tell(socket, text) {
  if (socket.bufferedAmount < MAX_WAITING) socket.send(text);
  else socket.terminate();
}
