// Passes on what workers say of tasks, and keeps the latest of each: `npm install express ws`, `node server.mjs`.

import express from 'express';
import { WebSocketServer } from 'ws';

// A client for whom so many bytes wait is cut off. It comes back, and gets the latest.
const MAX_WAITING = 1 << 20;
// How many tasks are remembered; beyond that the one heard of longest ago is forgotten.
const MAX_TASKS = 10_000;

// Which tasks each connection follows.
const connections = new Map();
const latest = new Map();

const server = express().listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`ws://127.0.0.1:${server.address().port}/ws`);
});

new WebSocketServer({ server, path: '/ws', maxPayload: 1 << 20 }).on('connection', (socket) => {
  connections.set(socket, new Set());
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

function hear(text, socket, followed) {
  const message = JSON.parse(text);
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
