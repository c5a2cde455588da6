/** Asking for a task's status when it is silent (rules ASK). */

import type { TaskState } from '../protocol';
import { MAX_QUESTION_MS, MAX_UNKNOWNS } from './limits';
import { endOf, hintEnd, hintIsDue, lose } from './outcome';
import { epochIs } from './resume';
import type { Session } from './session';
import { askFor, request } from './subscriptions';
import { isOpen, rearm, remove, setPhase, type Task } from './tasks';

/** `subscribe` or a question went out, or the task was heard: the next question is due after a silence. */
export function awaitWordOf(s: Session, task: Task): void {
  const { stallTimeout } = s.config;
  if (stallTimeout > 0 && isOpen(task)) {
    const silence = Math.min(stallTimeout * 2 ** Math.min(task.questions, 20), Math.max(MAX_QUESTION_MS, stallTimeout));
    task.questionDue = s.mono + silence;
    rearm(s.tasks, task);
  }
}

/** Something of the task arrived. Its deadline is moved lazily: when it comes. */
export function heardOf(s: Session, task: Task): void {
  task.heardAt = s.mono;
  task.known = true;
  task.unknowns = 0;
  if (task.phase === 'pending') {
    setPhase(s.tasks, task, 'live');
  }
  if (task.questions > 0) {
    task.questions = 0;
    awaitWordOf(s, task);
  }
}

/** The server says how a task is. */
export function onTaskState(s: Session, id: string, state: TaskState, answersSubscribe: boolean): void {
  const task = s.tasks.byId.get(id);
  if (!task || !isOpen(task)) {
    return;
  }
  setPhase(s.tasks, task, 'live');
  const { status, epoch } = state;
  if (status === 'unknown') {
    task.unknowns++;
    task.fromStart = !task.known;
    if (task.known && task.unknowns >= MAX_UNKNOWNS) {
      lose(s, task, 'forgotten');
    }
    return;
  }
  if (epoch !== undefined) {
    epochIs(s, task, epoch);
    task.toldEpoch = epoch;
  }
  if (status !== undefined) {
    task.known = true;
    task.unknowns = 0;
  }
  const end = endOf(status);
  const isAsked = answersSubscribe && canQuery(s) && (end !== undefined || status === undefined);
  // An end without its data would become an outcome without it, where the link is slow or lost meanwhile.
  if (end && (state.data !== undefined || !isAsked)) {
    hintEnd(s, task, end, state.data);
  }
  if (isAsked) {
    request(s, task, true);
  }
}

export function tasksTimeout(s: Session): void {
  const { tasks } = s;
  const now = s.mono;
  for (let first = tasks.timers[0]; first && first.at <= now; first = tasks.timers[0]) {
    const { task } = first;
    if (task.hint && task.hint.due <= now) {
      hintIsDue(s, task);
    } else if (task.questionDue <= now) {
      task.questionDue = Infinity;
      questionIsDue(s, task);
      rearm(tasks, task);
    } else {
      // Its cursor has outlived the last one who wanted it.
      task.expires = Infinity;
      task.cursor = undefined;
      if (task.leases.size === 0) {
        remove(tasks, task);
      } else {
        rearm(tasks, task);
      }
    }
  }
}

function questionIsDue(s: Session, task: Task): void {
  const silentUntil = task.heardAt + s.config.stallTimeout;
  if (task.questions === 0 && silentUntil > s.mono) {
    task.questionDue = silentUntil;
    return;
  }
  task.questions++;
  s.counters.questions++;
  if (canQuery(s)) {
    request(s, task, true);
    awaitWordOf(s, task);
  } else {
    askFor(s, task);
  }
}

function canQuery(s: Session): boolean {
  const { features } = s.subscriptions;
  return features !== undefined && features.query;
}
