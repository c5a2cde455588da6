// Follows one task to its end: node follow.mjs TASK. The exit status says how it ended.

import { Client } from 'steadywire';

const url = process.env.STEADYWIRE_URL ?? 'ws://127.0.0.1:8080/ws';
const [task = 'build-7'] = process.argv.slice(2);

const client = new Client({ url });
let status = 3;
for await (const event of client.follow(task)) {
  switch (event.type) {
    case 'progress':
      console.log(`${event.progress.toFixed(0).padStart(3)} % ${event.stage} ${event.message}`);
      break;
    case 'log':
      console.log(`[${event.level}] ${event.message}`);
      break;
    case 'complete':
      status = 0;
      console.log('complete', event.data);
      break;
    case 'error':
      status = event.fatal ? 1 : status;
      console.log('error', event.message);
      break;
    case 'lost':
      console.log('lost', event.reason);
      break;
  }
}
await client.disconnect();
process.exitCode = status;
