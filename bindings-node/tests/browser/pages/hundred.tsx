/** A component for each task, all on one connection; what was seen and rendered is put into `outcome` when all are over. */

import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { SteadywireProvider, useTask } from '../../../ts/react';
import { FRAME_MS } from '../../../ts/react/frame';
import { Client, type Stats } from '../../../ts/web';

/** What the test is told. */
export interface Outcome {
  /** What the client's listeners were given. */
  readonly heard: { readonly progress: number; readonly log: number; readonly complete: number };
  readonly stats: Stats;
  /** What is shown of each task. */
  readonly shown: readonly { readonly progress: number; readonly logs: number; readonly isComplete: boolean }[];
  readonly frames: number;
  readonly mostRendersOfOne: number;
  /** How often any component rendered again within one frame, and how often that is allowed. */
  readonly again: number;
  readonly allowed: number;
  /** Milliseconds of each task of the main thread that took more than 50. */
  readonly longTasks: readonly number[];
}

const asked = new URLSearchParams(location.search);
const tasks = Number(asked.get('tasks'));
const client = new Client({ url: asked.get('url') ?? '' });

const heard = { progress: 0, log: 0, complete: 0 };
for (const name of ['progress', 'log', 'complete'] as const) {
  client.on(name, () => {
    heard[name]++;
  });
}

/** In how many turns of the event loop ends came: each is shown at once, with what waits of all tasks. */
let turnsOfEnds = 0;
let isTurnCounted = false;
client.on('complete', () => {
  turnsOfEnds += isTurnCounted ? 0 : 1;
  isTurnCounted = true;
  queueMicrotask(() => {
    isTurnCounted = false;
  });
});

let frames = 0;
/** How many timers may have stood in for frames that did not come. */
let late = 0;
let last = performance.now();
const renders = Array.from({ length: tasks }, () => ({ all: 0, frame: -1, again: 0 }));
requestAnimationFrame(function frame() {
  frames++;
  countLate();
  requestAnimationFrame(frame);
});

function countLate(): void {
  // What is given to a frame is when it was due, not when it came: for the first one that can lie before this page began
  // to count. Clocks may be off by a millisecond.
  const now = performance.now();
  late += Math.floor((now - last + 1) / FRAME_MS);
  last = now;
}

const longTasks: number[] = [];
new PerformanceObserver((list) => {
  longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
}).observe({ type: 'longtask' });

function Bar({ number }: { number: number }) {
  const task = useTask(`t${number}`);
  useEffect(() => {
    shown[number] = {
      progress: task.progress?.progress ?? -1,
      logs: task.logs.length + task.droppedLogs,
      isComplete: task.isComplete,
    };
    if (task.isDone && shown.filter((one) => one.isComplete).length === tasks) {
      finish();
    }
  });
  const own = renders[number] as (typeof renders)[0];
  own.again += own.frame === frames ? 1 : 0;
  own.frame = frames;
  own.all++;
  return (
    <p>
      <progress max={100} value={task.progressPercentage} /> {task.currentStage}{' '}
      {task.logs[task.logs.length - 1]?.message}
    </p>
  );
}

const shown: Outcome['shown'][0][] = Array.from({ length: tasks }, () => ({
  progress: -1,
  logs: 0,
  isComplete: false,
}));

function finish(): void {
  countLate();
  const again = Math.max(...renders.map((one) => one.again));
  (globalThis as { outcome?: Outcome }).outcome = {
    heard,
    stats: client.stats(),
    shown,
    frames,
    mostRendersOfOne: Math.max(...renders.map(({ all }) => all)),
    again,
    // The first render is in no frame.
    allowed: 1 + turnsOfEnds + late,
    longTasks,
  };
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <SteadywireProvider client={client}>
    {Array.from({ length: tasks }, (_, number) => (
      <Bar key={number} number={number} />
    ))}
  </SteadywireProvider>,
);
