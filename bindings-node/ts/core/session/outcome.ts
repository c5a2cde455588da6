/** The end of a task: exactly one per subscription (rules OUT). */

import type { Terminal } from '../config';
import type { DropReason, LostReason, Outcome } from '../event';
import { parse, terminalWord, type TaskStatus } from '../protocol';
import { afterUnwanting, lostOutcome, settle, tell } from './calls';
import { HINT_MS } from './limits';
import { dropMessages } from './outbox';
import { remember } from './outcomes';
import { hasUnsettled } from './receipts';
import type { Session } from './session';
import { endLease, inOrder, isOpen, rearm, setPhase, waits, type Task } from './tasks';

/** The end of a task as a message tells it. */
export interface End {
  readonly kind: Terminal;
  readonly data: string;
  readonly message: string;
  readonly code: string;
  readonly timestamp: number;
  readonly synthetic: boolean;
}

/** The task has ended: tells it, answers who waits, remembers it. */
export function endTask(s: Session, task: Task, end: End): void {
  tellEnd(s, task.id, end, task.key);
  const outcome: Outcome = { taskId: task.id, reason: undefined, ...end };
  s.counters.outcomes++;
  setPhase(s.tasks, task, 'ended');
  let seen = task.cursor;
  if (!seen && task.toldEpoch !== undefined) {
    seen = { epoch: task.toldEpoch, seq: 0 };
    task.toldEpoch = undefined;
  }
  task.cursor = undefined;
  task.ended = seen;
  remember(s.tasks.outcomes, outcome, seen);
  subscriptionEnded(s, task, outcome);
}

/** Tells the end of a task, of one that nobody asked for without bookkeeping. */
export function tellEnd(s: Session, taskId: string, end: End, key?: number): void {
  const { kind, data, message, code, timestamp, synthetic } = end;
  tell(
    s,
    kind === 'complete'
      ? { event: 'complete', taskId, timestamp, data, synthetic }
      : { event: 'error', source: 'task', code, message, taskId, data, fatal: true, timestamp, synthetic },
    key,
  );
}

/** The subscription ends without an outcome. */
export function lose(s: Session, task: Task, reason: LostReason): void {
  task.flag = false;
  s.counters.lost++;
  tell(s, { event: 'lost', taskId: task.id, reason }, task.key);
  setPhase(s.tasks, task, 'lost');
  subscriptionEnded(s, task, lostOutcome(s, task.id, reason));
}

/** Every open subscription is lost and every message dropped: the client stops. */
export function endAllWork(s: Session, why: LostReason & DropReason): void {
  for (const task of inOrder(s.tasks, isOpen)) {
    lose(s, task, why);
  }
  dropMessages(s, why);
}

/** Whether there is a reason to keep the link or to bring it back. */
export function hasOpenWork(s: Session): boolean {
  return s.tasks.open > 0 || s.tasks.reported > 0 || hasUnsettled(s);
}

/** Which end a status word stands for, if one. */
export function endOfWord(s: Session, word: string): Terminal | undefined {
  const lower = word.toLowerCase();
  const set = s.config.terminalStatus.get(lower);
  return set === undefined ? endOf(terminalWord(lower)) : (set ?? undefined);
}

/** The end that a task's status stands for, if it has ended. */
export function endOf(status: TaskStatus | undefined): Terminal | undefined {
  return status === 'complete' || status === 'error' ? status : undefined;
}

/** A status says that the task is over: its own last message has `HINT_MS` to arrive. */
export function hintEnd(s: Session, task: Task, end: Terminal, data: string | undefined): void {
  const { hint } = task;
  if (!hint) {
    task.hint = { end, data, due: s.mono + HINT_MS };
  } else if (data !== undefined) {
    hint.end = end;
    hint.data = data;
  }
  rearm(s.tasks, task);
}

/** The server names an epoch: what a run before it said of its end does not count any more. */
export function forgetHintOfOtherRun(s: Session, task: Task, epoch: string): void {
  const last = task.cursor ? task.cursor.epoch : task.toldEpoch;
  if (task.hint && last !== undefined && last !== epoch) {
    task.hint = undefined;
    rearm(s.tasks, task);
  }
}

/** The task's own last message did not come: an end is made from the status. */
export function hintIsDue(s: Session, task: Task): void {
  const { end: kind, data = 'null' } = task.hint ?? { end: 'error' };
  task.hint = undefined;
  let message = '';
  let code = '';
  if (kind === 'error') {
    // The data may be an error's, which says more than its status.
    const said = parse(`{"type":"error","data":${data}}`);
    message = "the task's status says that it failed";
    if (said.type === 'error') {
      message = said.message || message;
      code = said.code;
    }
  }
  endTask(s, task, { kind, data, message, code, timestamp: s.wall, synthetic: true });
}

function subscriptionEnded(s: Session, task: Task, outcome: Outcome): void {
  const { tasks } = s;
  task.hint = task.recent = undefined;
  task.questionDue = Infinity;
  rearm(tasks, task);
  const waiting = [...task.leases].filter(([, kind]) => waits(kind)).sort(([a], [b]) => a - b);
  for (const [lease, kind] of waiting) {
    endLease(tasks, lease, task, kind);
  }
  for (const [lease] of waiting) {
    settle(s, lease, { type: 'outcome', outcome });
  }
  afterUnwanting(s, task);
}
