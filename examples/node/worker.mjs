// Reports a task from the worker's side: node worker.mjs TASK. What is sent while the link is down is sent later; the
// end is sent again until the server has it.

import { Client } from 'steadywire';

const url = process.env.STEADYWIRE_URL ?? 'ws://127.0.0.1:8080/ws';
const [task = 'build-7'] = process.argv.slice(2);

const client = new Client({ url });
const report = client.report(task);
try {
  for (let step = 1; step <= 5; step++) {
    await work(step);
    report.progress(step * 20, { stage: 'compile', message: `${step} of 5` });
    report.log(`step ${step} is done`, { metadata: { step } });
  }
  const receipt = await report.complete({ artifact: 'app.tar' });
  console.log('the end:', receipt.state);
} catch (error) {
  await report.fail(error.message, { code: error.code });
}
await client.disconnect();

function work(step) {
  return new Promise((resolve) => setTimeout(resolve, step));
}
