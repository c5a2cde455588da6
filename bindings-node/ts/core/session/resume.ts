/** Cursors, replayed frames and gaps (rules RES). */

import type { Frame } from '../protocol';
import { utf8Length } from './bytes';
import { tell } from './calls';
import { MAX_IDLE, MAX_TASK_ID, RECENT_FRAMES } from './limits';
import type { Session } from './session';
import { forgetHintOfOtherRun } from './outcome';
import { findOrAdd, rearm, type Task } from './tasks';

/** Whether a frame of an open task is new. Moves the cursor and tells of a gap before it. */
export function isNew(s: Session, task: Task, frame: Frame, text: string): boolean {
  const { seq, epoch } = frame;
  if (seq === undefined) {
    return isNewByText(s, task, text);
  }
  if (isOfLeftRun(s, task, epoch, seq)) {
    return false;
  }
  if (epoch !== undefined) {
    epochIs(s, task, epoch);
  }
  const { cursor } = task;
  const first = frame.covers ?? seq;
  if (!cursor) {
    task.cursor = { epoch: epoch ?? '', seq };
    if (task.fromStart && first > 1) {
      tellGap(s, task, 1, first - 1, epoch ?? '');
    }
    task.fromStart = false;
    return true;
  }
  const expected = cursor.seq + 1;
  if (seq < expected) {
    s.counters.replaysDropped++;
    return false;
  }
  cursor.seq = seq;
  if (first > expected) {
    tellGap(s, task, expected, first - 1, cursor.epoch);
  }
  return true;
}

/** The server names the epoch of an open task. Another one than the cursor's: the rest of that is missing. */
export function epochIs(s: Session, task: Task, epoch: string): void {
  forgetHintOfOtherRun(s, task, epoch);
  const { cursor, endedBefore } = task;
  task.endedBefore = undefined;
  if (endedBefore && endedBefore.epoch !== epoch) {
    task.left = endedBefore;
  }
  const { left } = task;
  const back = left && left.epoch === epoch ? left : undefined;
  if (back) {
    task.left = undefined;
  }
  if (!cursor) {
    task.cursor = back;
  } else if (cursor.epoch !== epoch) {
    task.left = cursor;
    task.cursor = back;
    tellGap(s, task, cursor.seq + 1, undefined, cursor.epoch);
  }
}

/** Whether a message was seen in the run that was left for another: a repeat, which is dropped. */
export function isOfLeftRun(s: Session, task: Task, epoch: string | undefined, seq: number): boolean {
  const { left } = task;
  const repeated = left !== undefined && left.epoch === epoch && seq <= left.seq;
  s.counters.replaysDropped += +repeated;
  return repeated;
}

/** Takes the cursors of the configuration that can be used. */
export function importCursors(s: Session): void {
  for (const [id, epoch, seq] of s.config.cursors.slice(0, MAX_IDLE)) {
    if (id && utf8Length(id) <= MAX_TASK_ID && seq <= Number.MAX_SAFE_INTEGER) {
      const task = findOrAdd(s.tasks, id);
      task.cursor = { epoch, seq };
      rearm(s.tasks, task);
    }
  }
}

function isNewByText(s: Session, task: Task, text: string): boolean {
  const recent = (task.recent ??= { marks: [], next: 0 });
  const { marks, next } = recent;
  const mark = fingerprint(text);
  if (s.mono < task.compareUntil && marks.includes(mark)) {
    s.counters.replaysDropped++;
    return false;
  }
  marks[next] = mark;
  recent.next = (next + 1) % RECENT_FRAMES;
  return true;
}

/** 53 bits of a text, in two lanes of multiply and xor. */
function fingerprint(text: string): number {
  let low = 0x2545f491;
  let high = 0x6c078965;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x85ebca6b);
  }
  low ^= Math.imul(high ^ (high >>> 15), 0xc2b2ae35);
  high ^= Math.imul(low ^ (low >>> 13), 0x27d4eb2f);
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function tellGap(s: Session, task: Task, from: number, to: number | undefined, epoch: string): void {
  s.counters.gaps++;
  tell(s, { event: 'gap', taskId: task.id, from, to, epoch }, task.key);
}
