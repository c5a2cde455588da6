// Many tasks over one connection, into one place: node fan-in.mjs TASK... Ends when all have.

import { Client } from 'steadywire';

const url = process.env.STEADYWIRE_URL ?? 'ws://127.0.0.1:8080/ws';
const tasks = process.argv.slice(2);

const client = new Client({ url });
const latest = new Map();
client.on('progress', (event) => latest.set(event.taskId, event.progress));
client.on('error', (event) => console.error(event.source, event.message));

const outcomes = await Promise.all(tasks.map((task) => client.wait(task)));
for (const { taskId, kind } of outcomes) {
  console.log(taskId, kind, latest.get(taskId) ?? '-');
}
await client.disconnect();
