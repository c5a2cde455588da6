/** Messages of the server: what each becomes (rules EVT, and the doors to OUT, RES, ASK and RCP). */

import { parse, type Frame } from '../protocol';
import { cut, utf8Length } from './bytes';
import { reopen, tell } from './calls';
import { onHeartbeat, signOfLife } from './heartbeat';
import type { InputOf } from './io';
import { SHOWN_BYTES } from './limits';
import { report } from './link';
import { endOfWord, endTask, hintEnd, lose, tellEnd, type End } from './outcome';
import { repeats } from './outcomes';
import { publicationsBegin } from './publications';
import { awaitWordOf, heardOf, onTaskState } from './questions';
import { aliveAfterWriting, onAck, onRefusedMessage } from './receipts';
import { isNew, isOfLeftRun } from './resume';
import type { Session } from './session';
import { featuresAreKnown } from './subscriptions';
import { isOpen, type Task } from './tasks';

type FrameOf<Type> = Extract<Frame, { readonly type: Type }>;

/** A text frame arrived on the link that is up. */
export function onText(s: Session, text: string): void {
  signOfLife(s);
  s.counters.framesIn++;
  s.counters.bytesIn += utf8Length(text);
  const frame = parse(text);
  if (frame.type === 'rejected') {
    tellRejected(s, frame.why, text);
  } else {
    s.counters.badFields += frame.faults;
    onFrame(s, frame, text);
  }
  aliveAfterWriting(s);
}

/** A binary frame is no message. */
export function onBinary(s: Session, { head }: InputOf<'binary'>): void {
  signOfLife(s);
  s.counters.framesIn++;
  tellRejected(s, 'it is binary, and this protocol is text', head);
  aliveAfterWriting(s);
}

function onFrame(s: Session, frame: Frame, text: string): void {
  const { taskId, timestamp = s.wall } = frame;
  switch (frame.type) {
    case 'progress': {
      const task = standing(s, frame, text);
      if (task !== REPEATED) {
        const { stage, progress, message } = frame;
        tell(s, { event: 'progress', taskId, stage, progress, message, timestamp }, task?.key);
      }
      break;
    }
    case 'log': {
      const task = standing(s, frame, text);
      if (task !== REPEATED) {
        const { level, message, metadata } = frame;
        tell(s, { event: 'log', taskId, level, message, timestamp, metadata }, task?.key);
      }
      break;
    }
    case 'status': {
      const task = standing(s, frame, text);
      if (task !== REPEATED) {
        const { data, word } = frame;
        tell(s, { event: 'status', taskId, timestamp, data }, task?.key);
        const end = task && word !== undefined ? endOfWord(s, word) : undefined;
        if (task && end) {
          hintEnd(s, task, end, data);
        }
      }
      break;
    }
    case 'complete':
      onEnd(s, frame, text, {
        kind: 'complete',
        data: frame.data,
        message: '',
        code: '',
        timestamp,
        synthetic: false,
      });
      break;
    case 'error':
      onError(s, frame, text, timestamp);
      break;
    case 'heartbeat':
      onHeartbeat(s, taskId, frame.received);
      if (!frame.received) {
        tell(s, { event: 'heartbeat', taskId, timestamp });
      }
      break;
    case 'hello':
      s.heartbeat.answers ||= frame.features.heartbeat;
      featuresAreKnown(s, frame.features);
      publicationsBegin(s, frame.features);
      break;
    case 'subscribed':
    case 'state':
      onTaskState(s, taskId, frame.state, frame.type === 'subscribed');
      break;
    case 'ack':
      onAck(s, frame.id);
      break;
    case 'request':
      s.counters.badFields++;
      break;
    case 'other':
      tell(s, { event: 'message', type: frame.kind, taskId, raw: text });
  }
}

function onError(s: Session, frame: FrameOf<'error'>, text: string, timestamp: number): void {
  const { taskId, message, code, fatal, action, refusedId, data } = frame;
  const answers = action !== undefined || refusedId !== undefined;
  if (refusedId !== undefined) {
    onRefusedMessage(s, refusedId, message);
  }
  const task = s.tasks.byId.get(taskId);
  const followed =
    (task !== undefined && task.phase !== 'idle' && task.phase !== 'lost') || s.tasks.outcomes.byId.has(taskId);
  if (!answers && fatal !== false && followed) {
    onEnd(s, frame, text, { kind: 'error', data, message, code, timestamp, synthetic: false });
    return;
  }
  const ofTask = followed && !answers;
  const of = ofTask ? standing(s, frame, text) : undefined;
  if (of === REPEATED) {
    return;
  }
  tell(
    s,
    {
      event: 'error',
      source: ofTask ? 'task' : 'protocol',
      code: ofTask ? code : answers ? 'message_refused' : 'server_error',
      message,
      taskId: taskId || undefined,
      data,
      fatal: false,
      timestamp,
      synthetic: false,
    },
    of?.key,
  );
  if (action === 'subscribe' && task && isOpen(task)) {
    task.askedOn = 0;
    lose(s, task, 'refused');
  }
}

/** A message that is a task's outcome, if its subscription has had none yet. */
function onEnd(s: Session, frame: Frame, text: string, end: End): void {
  const { taskId, epoch } = frame;
  const task = s.tasks.byId.get(taskId);
  // A task that only a reporter holds is as good as unknown.
  const endedBefore =
    task && task.phase !== 'idle'
      ? task.phase === 'lost' ||
        (task.phase === 'ended' && (epoch === undefined || !task.ended || task.ended.epoch === epoch))
      : repeats(s.tasks.outcomes, taskId, epoch);
  if (endedBefore) {
    s.counters.replaysDropped++;
    return;
  }
  const of = standing(s, frame, text);
  if (of !== REPEATED) {
    if (of) {
      endTask(s, of, end);
    } else {
      tellEnd(s, taskId, end);
    }
  }
}

/** What `standing` says of a message that was seen before. */
const REPEATED = null;

/**
 * What the frame's task is to us, with the bookkeeping that follows from it: a task whose subscription is open,
 * none for a task that nobody asked for or whose end is known, or `REPEATED`.
 */
function standing(s: Session, frame: Frame, text: string): Task | undefined | typeof REPEATED {
  const task = s.tasks.byId.get(frame.taskId);
  if (!task) {
    return undefined;
  }
  if (!isOpen(task)) {
    const { epoch, seq } = frame;
    const { ended } = task;
    if (task.phase !== 'ended' || epoch === undefined || !ended || epoch === ended.epoch) {
      return undefined;
    }
    if (seq !== undefined && isOfLeftRun(s, task, epoch, seq)) {
      return REPEATED;
    }
    // The task is run again: its subscription is open again without being asked for.
    reopen(s, task);
    task.askedBefore = task.fromStart = true;
    awaitWordOf(s, task);
  }
  heardOf(s, task);
  return isNew(s, task, frame, text) ? task : REPEATED;
}

function tellRejected(s: Session, why: string, text: string): void {
  s.counters.rejected++;
  const shown = JSON.stringify(cut(text, SHOWN_BYTES));
  report(s, 'protocol', 'invalid_message', `a message was rejected: ${why}; it began ${shown}`, false);
}
