// One run of one contestant in a process of its own: node contestant.mjs PART NAME URL ROUNDS TASK... Its last line is
// what it found, as JSON.

import { readFileSync } from 'node:fs';
import { CONTESTANTS } from './contestants.mjs';

const begun = performance.now();
const [part, name, url, rounds, ...tasks] = process.argv.slice(2);
const client = await CONTESTANTS[name](url, tasks);
await { read, echo, start }[part]();

/** Reads until every task has ended. Totals are the same for all, whoever counts. */
async function read() {
  const totals = { events: 0, progress: 0, texts: 0, timestamps: 0 };
  let first;
  let ended = 0;
  const over = new Promise((resolve) => {
    client.on('progress', (event) => {
      first ??= mark();
      totals.events++;
      totals.progress += event.progress;
      totals.texts += event.taskId.length + event.stage.length + event.message.length;
      totals.timestamps += event.timestamp % 1000;
    });
    client.on('log', (event) => {
      totals.events++;
      totals.texts += event.taskId.length + event.level.length + event.message.length;
      totals.timestamps += event.timestamp % 1000;
    });
    client.on('status', (event) => {
      totals.events++;
      totals.texts += event.taskId.length;
    });
    client.on('complete', () => {
      if (++ended === tasks.length) {
        resolve();
      }
    });
  });
  await client.start();
  await over;
  totals.progress = Math.round(totals.progress);
  const end = mark();
  report({
    totals,
    seconds: end.wall - first.wall,
    cpu: (end.cpu - first.cpu) / totals.events,
    thread: (end.thread - first.thread) / totals.events,
  });
}

/** Round trips from the send in the handler to the next call of the handler. */
async function echo() {
  const times = [];
  const message = (progress) => ({
    type: 'progress',
    taskId: tasks[0],
    data: { taskId: tasks[0], stage: 'train', progress, message: 'epoch 3, step 1200', timestamp: Date.now() },
  });
  const { taskId: _, timestamp: __, ...words } = message(1).data;
  const send = name === 'steadywire' ? (to) => client.send({ ...message(to), data: { ...words, progress: to } }) : (to) => client.send(message(to));
  let sent;
  const over = new Promise((resolve) => {
    client.on('progress', () => {
      times.push(Number(process.hrtime.bigint() - sent) / 1e3);
      if (times.length === Number(rounds)) {
        resolve();
        return;
      }
      sent = process.hrtime.bigint();
      send((times.length % 1000) / 10);
    });
  });
  await client.start();
  sent = process.hrtime.bigint();
  send(1);
  await over;
  const counted = times.slice(1000).sort((a, b) => a - b);
  const at = (share) => counted[Math.floor(counted.length * share)];
  report({ p50: at(0.5), p99: at(0.99) });
}

/** Milliseconds until it is connected, after a node without anything would run. */
async function start() {
  await client.start();
  report({ after: performance.now() - begun });
}

function mark() {
  const { user, system } = process.cpuUsage();
  // CPU of the thread that runs JavaScript, in nanoseconds.
  const [thread] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { cpu: user + system, thread: Number(thread) / 1e3, wall: performance.now() / 1e3 };
}

function report(found) {
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit());
}
