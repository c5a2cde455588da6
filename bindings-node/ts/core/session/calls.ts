/** What people ask of a session: connect, subscribe, follow and their opposites (rules CALL and SUB). */

import { SteadywireError, type ErrorKind } from '../error';
import { NO_KEY, push, pushSettled, type Event, type LostReason, type Outcome, type Settlement } from '../event';
import { utf8Length } from './bytes';
import { defer, withdrawLease, withdrawSubscribe } from './ending';
import type { InputOf, LeaseId, LeaseKind, Ticket } from './io';
import { CURSOR_KEPT_MS, MAX_LEASES, MAX_TASKS, MAX_TASK_ID, MAX_WAITERS } from './limits';
import { abandonLink, dialIfStopped, dialNow, waitForLink } from './link';
import { forget } from './outcomes';
import type { Session } from './session';
import { askFor, stopAsking } from './subscriptions';
import {
  addLease,
  endLease,
  findOrAdd,
  isOpen,
  isWanted,
  rearm,
  remove,
  setPhase,
  trimIdle,
  waits,
  type Task,
} from './tasks';

export function connect(s: Session, input: InputOf<'connect'>): void {
  const { ticket, task } = input;
  if (task !== undefined) {
    checkWanting(s, task);
  }
  checkRoom(s.link.waiters.length);
  if (s.ending) {
    defer(s.ending, input);
    return;
  }
  if (task !== undefined) {
    flag(s, task);
  }
  if (s.state === 'connected') {
    settle(s, ticket, { type: 'connected' });
  } else {
    waitForLink(s, ticket);
    dialNow(s, 'connect() was called');
  }
}

export function reconnect(s: Session, { ticket }: InputOf<'reconnect'>): void {
  const reason = 'reconnect() was called';
  checkRoom(s.link.waiters.length);
  if (s.ending) {
    defer(s.ending, { type: 'connect', ticket });
    return;
  }
  waitForLink(s, ticket);
  abandonLink(s, reason);
  dialNow(s, reason);
}

export function subscribe(s: Session, input: InputOf<'subscribe'>): void {
  const { task } = input;
  checkWanting(s, task);
  if (s.ending) {
    defer(s.ending, input);
  } else {
    flag(s, task);
  }
}

export function unsubscribe(s: Session, input: InputOf<'unsubscribe'>): void {
  if (s.ending) {
    withdrawSubscribe(s.ending, input.task);
  }
  const task = s.tasks.byId.get(input.task);
  if (task) {
    task.flag = false;
    afterUnwanting(s, task);
  }
}

/** Refuses a lease that cannot be taken. */
export function checkLease(s: Session, id: string): void {
  checkWanting(s, id);
  if (s.tasks.leases.size >= MAX_LEASES) {
    refuse('limit_reached', `at most ${MAX_LEASES} leases may live at a time`);
  }
}

export function lease(s: Session, input: InputOf<'lease'>): void {
  const { lease, task: id, kind } = input;
  checkLease(s, id);
  const task = s.tasks.byId.get(id);
  const ended = waits(kind) && !(task && isOpen(task)) && s.tasks.outcomes.byId.get(id);
  if (ended) {
    settle(s, lease, { type: 'outcome', outcome: ended.outcome });
    return;
  }
  if (s.ending) {
    defer(s.ending, input);
    return;
  }
  takeLease(s, lease, id, kind);
  dialIfStopped(s, 'a task is to be followed');
}

/** Notes the lease and opens its subscription. Dials nothing. */
export function takeLease(s: Session, lease: LeaseId, id: string, kind: LeaseKind): void {
  const task = findOrAdd(s.tasks, id);
  addLease(s.tasks, lease, task, kind);
  if (kind === 'report') {
    task.expires = Infinity;
    rearm(s.tasks, task);
  } else {
    want(s, task);
  }
}

export function unlease(s: Session, { lease }: InputOf<'unlease'>): void {
  const deferred = s.ending && withdrawLease(s.ending, lease);
  if (deferred) {
    settleLost(s, lease, deferred.kind, deferred.task, 'unsubscribed');
    return;
  }
  const task = s.tasks.leases.get(lease);
  if (task) {
    const kind = task.leases.get(lease) as LeaseKind;
    endLease(s.tasks, lease, task, kind);
    settleLost(s, lease, kind, task.id, 'unsubscribed');
    afterUnwanting(s, task);
  }
}

/** The lease ends without an outcome: a follow or wait is answered. */
export function settleLost(s: Session, lease: LeaseId, kind: LeaseKind, task: string, reason: LostReason): void {
  if (waits(kind)) {
    settle(s, lease, { type: 'outcome', outcome: lostOutcome(s, task, reason) });
  }
}

/** The subscription begins anew; nothing is sent. */
export function reopen(s: Session, task: Task): void {
  const { tasks } = s;
  setPhase(tasks, task, 'pending');
  task.opened = ++tasks.lastOrder;
  task.known = task.cursor !== undefined;
  task.askedBefore = task.fromStart = false;
  task.unknowns = task.questions = 0;
  task.toldEpoch = task.ended = task.hint = undefined;
  task.expires = Infinity;
  task.heardAt = s.mono;
  task.endedBefore = forget(tasks.outcomes, task.id) ?? task.endedBefore;
  rearm(tasks, task);
}

/** Ends the subscription if nobody wants the task any more. No event tells of it. */
export function afterUnwanting(s: Session, task: Task): void {
  const { tasks } = s;
  if (isWanted(task)) {
    return;
  }
  if (task.phase !== 'idle') {
    stopAsking(s, task);
    setPhase(tasks, task, 'idle');
    task.hint = task.recent = undefined;
    task.questionDue = Infinity;
    task.rank = 0;
  }
  const unused = task.leases.size === 0;
  if (unused && task.expires === Infinity) {
    task.expires = s.mono + CURSOR_KEPT_MS;
  }
  rearm(tasks, task);
  if (unused && !task.cursor) {
    remove(tasks, task);
  } else {
    trimIdle(tasks);
  }
}

/** Tells an event, of the task with this key if it has one. */
export function tell(s: Session, event: Event, key = NO_KEY): void {
  push(s.batch, key, event);
}

/** Answers a call, if somebody waits for it. */
export function settle(s: Session, ticket: Ticket, settlement: Settlement): void {
  if (ticket !== 0) {
    pushSettled(s.batch, ticket, settlement);
  }
}

/** The outcome of a subscription that ended without one. */
export function lostOutcome(s: Session, taskId: string, reason: LostReason): Outcome {
  return {
    taskId,
    kind: 'lost',
    data: 'null',
    message: '',
    code: '',
    reason,
    timestamp: s.wall,
    synthetic: false,
  };
}

/** Sets the flag of a task. */
export function flag(s: Session, id: string): void {
  const task = findOrAdd(s.tasks, id);
  task.flag = true;
  want(s, task);
}

/** Refuses a call. Nothing may have changed yet. */
export function refuse(kind: ErrorKind, message: string): never {
  throw new SteadywireError(kind, message);
}

export function checkTaskId(task: string): void {
  const bytes = utf8Length(task);
  if (bytes === 0 || bytes > MAX_TASK_ID) {
    refuse('invalid_argument', `a task id has 1 to ${MAX_TASK_ID} bytes, not ${bytes}`);
  }
}

export function checkRoom(waiting: number): void {
  if (waiting >= MAX_WAITERS) {
    refuse('limit_reached', `at most ${MAX_WAITERS} calls of a kind may wait at a time`);
  }
}

function checkWanting(s: Session, id: string): void {
  checkTaskId(id);
  const task = s.tasks.byId.get(id);
  if (s.tasks.wanted >= MAX_TASKS && !(task && task.phase !== 'idle')) {
    refuse('limit_reached', `at most ${MAX_TASKS} tasks may be followed at a time`);
  }
}

/** Opens the subscription unless it is open already: the server is asked anew, whatever was known. */
function want(s: Session, task: Task): void {
  task.rank = ++s.tasks.lastOrder;
  if (!isOpen(task)) {
    reopen(s, task);
    if (s.link.phase === 'open') {
      askFor(s, task);
    }
  }
}
