// Ends well when it is told to: what was sent is written and confirmed, the link is closed, the process ends by itself.

import { Client } from 'steadywire';

const client = new Client({ url: process.env.STEADYWIRE_URL ?? 'ws://127.0.0.1:8080/ws' });
client.on('error', (event) => console.error(event.source, event.message));
await client.connect();

const report = client.report(process.argv[2] ?? 'service');
const turn = setInterval(() => report.progress((Date.now() / 100) % 100, { stage: 'serving' }), 10);

process.once('SIGTERM', async () => {
  clearInterval(turn);
  const receipt = await report.complete({ reason: 'shut down' });
  await client.disconnect();
  console.log('ended:', receipt.state);
});
console.log('serving');
