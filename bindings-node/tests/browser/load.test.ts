/** Many components under load in a real Chromium. */

import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { launch, Pages } from './pages';
import type { Outcome } from './pages/hundred';

const TASKS = 100;
const PER_SECOND = 5000;
const SECONDS = 5;
const TICK_MS = 5;
/** A tick's messages are of different tasks, and so are those of the ticks of one turn no others: several to a frame. */
const PER_TICK = (PER_SECOND * TICK_MS) / 1000;
const TICKS_IN_TURN = 50;

test('100 components on 100 tasks at 5,000 messages a second: at most one render per frame, and nothing lost', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    let subscribed = 0;
    socket.on('message', (text) => {
      if (String(text).includes('"subscribe"') && ++subscribed === TASKS) {
        play(socket);
      }
    });
  });
  const pages = await Pages.of('hundred.tsx');
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await page.goto(pages.url({ url, tasks: String(TASKS) }));
    const found = await page.waitForFunction(() => (globalThis as { outcome?: Outcome }).outcome, undefined, {
      timeout: 120_000,
    });
    const { heard, stats, shown, frames, mostRendersOfOne, again, allowed, longTasks } =
      (await found.jsonValue()) as Outcome;
    const told = longTasks.length > 0 ? longTasks.join(', ') : 'none';
    console.log(`${frames} frames, at most ${mostRendersOfOne} renders of one; tasks over 50 ms: ${told}`);

    // What a page that lags leaves out is told, and is nothing but progress that newer progress took the place of.
    const { conflated, dropped } = stats.inbox;
    expect(heard.progress + conflated).toBe((PER_SECOND * SECONDS) / 2);
    expect(heard.log + dropped).toBe((PER_SECOND * SECONDS) / 2);
    expect(heard.complete).toBe(TASKS);
    const logs = shown.reduce((sum, one) => sum + one.logs, 0);
    expect(logs).toBe(heard.log);
    for (const { progress, isComplete } of shown) {
      expect({ progress, isComplete }).toEqual({ progress: LAST, isComplete: true });
    }
    expect(mostRendersOfOne).toBeLessThanOrEqual(frames + allowed);
    expect(again).toBeLessThanOrEqual(allowed);
  } finally {
    await browser.close();
    server.close();
    pages.close();
  }
}, 180_000);

const ALL = PER_SECOND * SECONDS;
const PER_TASK = ALL / TASKS;
/** The last progress of every task. */
const LAST = PER_TASK / 10;

/** Sends all messages at their pace, and the ends. */
function play(socket: WebSocket): void {
  const said = new Array<number>(TASKS).fill(0);
  const begun = performance.now();
  let sent = 0;
  const tick = () => {
    const due = Math.min(ALL, Math.floor(((performance.now() - begun) * PER_SECOND) / 1000));
    for (; sent < due; sent++) {
      const turn = Math.floor(sent / (PER_TICK * TICKS_IN_TURN));
      const number = ((turn * PER_TICK) % TASKS) + (sent % PER_TICK);
      const nth = ++(said[number] as number);
      socket.send(messageOf(`t${number}`, nth));
    }
    if (sent < ALL) {
      setTimeout(tick, TICK_MS);
      return;
    }
    for (let number = 0; number < TASKS; number++) {
      socket.send(JSON.stringify({ type: 'complete', taskId: `t${number}`, timestamp: 1, data: {} }));
    }
  };
  tick();
}

/** Of each task every second message is progress, the last one too. */
function messageOf(taskId: string, nth: number): string {
  const [type, data] =
    nth % 2 === 0
      ? ['progress', { taskId, stage: 'train', progress: nth / 10, message: '' }]
      : ['log', { taskId, level: 'info', message: `line ${nth}` }];
  return JSON.stringify({ type, taskId, timestamp: nth, data });
}
