import { useEffect, useRef } from 'react';
import { type LogEntry, useTask } from 'steadywire/react';
import { facts, statusWord } from './words';

/** One task: its bar, what it says of itself, and its log. */
export function TaskCard({ id }: { id: string }) {
  const task = useTask(id, ({ logs: _, lastEventAt: __, ...rest }) => rest);
  const { status, currentStage, progressPercentage, progress, failure, lostReason, isDone } = task;
  const why = failure?.message ?? (lostReason && `Nothing more is known of it: ${lostReason}.`);
  return (
    <li data-status={status}>
      <div className="head">
        <h2>{id}</h2>
        <span>{statusWord(task)}</span>
      </div>
      <progress aria-label={`${id}: how far`} max={100} value={progressPercentage} />
      <p className="facts">{facts(currentStage, progressPercentage, task.rate, isDone ? undefined : task.eta)}</p>
      {progress?.message && !isDone && <p className="facts">{progress.message}</p>}
      {why && <p className="why">{why}</p>}
      <Log id={id} />
    </li>
  );
}

/** The last lines, followed to the end unless somebody reads further up. */
function Log({ id }: { id: string }) {
  const { logs, droppedLogs } = useTask(id, (task) => ({ logs: task.logs, droppedLogs: task.droppedLogs }));
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const { current } = box;
    if (current && follows.current) {
      current.scrollTop = current.scrollHeight;
    }
  }, [logs]);
  return (
    <details>
      <summary>Log ({logs.length + droppedLogs})</summary>
      <div
        className="log"
        role="log"
        aria-label={`Log of ${id}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by the keyboard
        tabIndex={0}
        ref={box}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          follows.current = scrollTop + clientHeight > scrollHeight - 24;
        }}
      >
        {droppedLogs > 0 && <small>{droppedLogs} earlier lines are not kept here.</small>}
        {logs.map((line, at) => (
          <Line key={droppedLogs + at} line={line} />
        ))}
      </div>
    </details>
  );
}

function Line({ line: { level, message, timestamp } }: { line: LogEntry }) {
  return (
    <p className={level}>
      <small>{new Date(timestamp).toLocaleTimeString()}</small> {message}
    </p>
  );
}
