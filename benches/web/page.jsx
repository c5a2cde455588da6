/** One contestant in a page: the query says which, and the server's address. What it took is put into `window.result`. */

import { useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import rival from 'react-use-websocket';
import { useProgressTracking, useTask } from 'steadywire/react';

const useRival = rival.default ?? rival;
const asked = new URLSearchParams(location.search);
const url = asked.get('url');
const tasks = Number(asked.get('tasks'));
const sent = Number(asked.get('count'));

let renders = 0;
let seen = 0;
let begun = 0;
let frames = 0;
let slowFrames = 0;
const renderedOf = new Map();

let last = performance.now();
function frame(now) {
  frames += begun ? 1 : 0;
  slowFrames += begun && now - last > 25 ? 1 : 0;
  last = now;
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
const long = [];
new PerformanceObserver((list) => {
  long.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
}).observe({ type: 'longtask' });

function count() {
  begun ||= performance.now();
  seen++;
}

function done() {
  const seconds = (performance.now() - begun) / 1000;
  const most = Math.max(...renderedOf.values(), 0);
  setTimeout(() => {
    window.result = { seconds, seen, dropped: sent - seen, renders, frames, slowFrames, mostRendersOfOne: most, longTasks: long };
  }, 300);
}

function Ours() {
  renders++;
  const { progressPercentage, currentStage, logs, isComplete } = useProgressTracking('t0', {
    url,
    onProgress: count,
    onLog: count,
    onStatus: count,
    onComplete: done,
  });
  return <Shown percent={progressPercentage} stage={currentStage} line={logs.at(-1)?.message} over={isComplete} />;
}

function Rival() {
  renders++;
  const [progress, setProgress] = useState({ progress: 0, stage: '' });
  const logs = useRef([]);
  const { lastMessage } = useRival(url);
  useEffect(() => {
    if (!lastMessage) {
      return;
    }
    const { type, data } = JSON.parse(lastMessage.data);
    if (type === 'complete') {
      done();
      return;
    }
    count();
    if (type === 'progress') {
      setProgress(data);
    } else if (type === 'log') {
      logs.current = [...logs.current, data].slice(-1000);
    }
  }, [lastMessage]);
  return <Shown percent={progress.progress} stage={progress.stage} line={logs.current.at(-1)?.message} over={false} />;
}

function Shown({ percent, stage, line, over }) {
  return (
    <p>
      <progress max={100} value={percent} /> {stage} {line} {String(over)}
    </p>
  );
}

let over = 0;

function One({ id }) {
  renders++;
  renderedOf.set(id, (renderedOf.get(id) ?? 0) + 1);
  const task = useTask(id, undefined, { url });
  useEffect(() => {
    if (task.progress) {
      begun ||= performance.now();
    }
  }, [task.progress]);
  useEffect(() => {
    if (task.isDone && ++over === tasks) {
      done();
    }
  }, [task.isDone]);
  return <Shown percent={task.progressPercentage} stage={task.currentStage} line={task.logs.at(-1)?.message} over={task.isDone} />;
}

const contestants = {
  'steadywire/react': <Ours />,
  'react-use-websocket': <Rival />,
  hundred: Array.from({ length: tasks }, (_, n) => <One key={n} id={`t${n}`} />),
};
createRoot(document.getElementById('root')).render(contestants[asked.get('name')]);
