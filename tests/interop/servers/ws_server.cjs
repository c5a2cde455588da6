// A baseline server over the npm package `ws`: sections 2 to 5 of spec/PROTOCOL.md, nothing else.
// It prints its address, then as JSON what connections offered and what they sent. node ws_server.cjs deflate|plain PORT

const { WebSocketServer } = require('ws');

const followers = new Map();
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[3]),
  perMessageDeflate: process.argv[2] === 'deflate',
});

server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/ws`));

server.on('connection', (socket, request) => {
  console.log(JSON.stringify({ opened: true, offered: request.headers['sec-websocket-extensions'] ?? null }));
  socket.on('message', (bytes) => received(socket, bytes.toString()));
  socket.on('close', () => {
    for (const sockets of followers.values()) sockets.delete(socket);
  });
  socket.on('error', (error) => console.error(error));
});

process.on('SIGTERM', () => {
  server.close();
  for (const socket of server.clients) socket.close(1001);
});

function received(socket, text) {
  console.log(text);
  const message = JSON.parse(text);
  const action = message.data?.action;
  if (!followers.has(message.taskId)) followers.set(message.taskId, new Set());
  const sockets = followers.get(message.taskId);
  if (message.type === 'status' && action === 'subscribe') {
    sockets.add(socket);
  } else if (message.type === 'status' && action === 'unsubscribe') {
    sockets.delete(socket);
  } else if (message.type === 'heartbeat') {
    if (message.data.received !== true) socket.send(JSON.stringify({ ...message, data: { received: true } }));
  } else {
    for (const follower of sockets) follower.send(text);
  }
}
