/** Messages waiting for the link, by class (rules BOX). */

import { SteadywireError } from '../error';
import type { DropReason } from '../event';
import { encodeErrorData, encodeLogData, encodeMessage, encodeProgressData, isJson } from '../protocol';
import { utf8Length } from './bytes';
import { checkTaskId, refuse } from './calls';
import type { Draft, InputOf, Ticket, Transmit } from './io';
import { RESERVE_MESSAGES } from './limits';
import { noteSent, waitsForHello } from './publications';
import { hasWindow, nextProof, noteWritten, receiptsUnknown, settleReceipt, wantsProofFirst } from './receipts';
import type { Session } from './session';
import { allSent } from './subscriptions';

/** One message that waits. */
export interface Queued {
  readonly order: number;
  readonly ticket: Ticket;
  /** The latest `progress` of a task suffices, of `log` a full outbox disposes, all others are refused last. */
  readonly type: string;
  readonly task: string;
  text: string;
  /** What the text takes of the outbox. */
  readonly bytes: number;
  /** Set where an acknowledgement is asked for. */
  readonly id: string | undefined;
  readonly since: number;
  /** It was sent while its task had a reporter. */
  readonly isReported: boolean;
  /** It went out on a link that was lost before it was acknowledged. */
  writtenBefore: boolean;
}

/** Messages that have not been written, oldest first. */
export interface Outbox {
  queue: Queued[];
  /** Bytes of the queue and of written messages that may have to be written again. */
  bytes: number;
  /** Counts messages. */
  lastOrder: number;
}

/** Whether a message waits that is written again until it is acknowledged, and no mere log line or progress. */
export function holdsAnEnd({ queue }: Outbox): boolean {
  return queue.some((one) => one.id !== undefined && one.type !== 'log' && one.type !== 'progress');
}

export function send(s: Session, { ticket, message: draft }: InputOf<'send'>): void {
  const { outbox, config } = s;
  const { type, taskId } = draft;
  if (type === 'heartbeat') {
    sendHeartbeat(s, ticket, taskId);
    return;
  }
  if (taskId || isOfProtocol(type)) {
    checkTaskId(taskId);
  }
  const order = outbox.lastOrder + 1;
  const id = draft.ack ? `${s.nonce}-${order}` : undefined;
  const text = encode(draft, draft.timestamp ?? s.wall, id);
  const bytes = utf8Length(text);
  if (bytes > config.maxQueuedBytes) {
    const most = config.maxQueuedBytes;
    refuse('message_too_large_to_queue', `a message of ${bytes} bytes cannot be queued: maxQueuedBytes is ${most}`);
  }
  const superseded = type === 'progress' ? waitingProgress(outbox, taskId) : undefined;
  if (!makeRoom(s, type, bytes, superseded)) {
    settleReceipt(s, ticket, { state: 'dropped', reason: 'overflow' });
    return;
  }
  if (superseded) {
    dropQueued(s, superseded, 'superseded');
  }
  const isReported = noteSent(s, type, taskId, text);
  outbox.lastOrder = order;
  outbox.bytes += bytes;
  outbox.queue.push({
    order,
    ticket,
    type,
    task: taskId,
    text,
    bytes,
    id,
    since: s.mono,
    isReported,
    writtenBefore: false,
  });
}

/** The next message of the outbox, if the link is ready for it. */
export function nextMessage(s: Session): Transmit | undefined {
  const { queue } = s.outbox;
  const head = queue[0];
  const ready =
    head && !waitsForHello(s, head) && allSent(s.subscriptions) && hasWindow(s.receipts) && !wantsProofFirst(s);
  if (ready) {
    queue.shift();
    return noteWritten(s, head);
  }
  return nextProof(s);
}

/** Every message that waits is dropped, every written one becomes unknown. */
export function dropMessages(s: Session, reason: DropReason): void {
  receiptsUnknown(s);
  for (let head = s.outbox.queue[0]; head; head = s.outbox.queue[0]) {
    dropQueued(s, head, reason);
  }
}

function dropQueued(s: Session, message: Queued, reason: DropReason): void {
  const { outbox } = s;
  outbox.queue.splice(outbox.queue.indexOf(message), 1);
  outbox.bytes -= message.bytes;
  settleReceipt(s, message.ticket, message.writtenBefore ? { state: 'unknown' } : { state: 'dropped', reason });
}

/** A heartbeat message of the user's own: written now or not at all. */
function sendHeartbeat(s: Session, ticket: Ticket, task: string): void {
  if (s.link.phase === 'open') {
    s.heartbeat.beat = task;
    settleReceipt(s, ticket, { state: 'written' });
  } else {
    settleReceipt(s, ticket, { state: 'dropped', reason: 'notConnected' });
  }
}

/** The latest waiting progress message of a task. */
function waitingProgress({ queue }: Outbox, task: string): Queued | undefined {
  for (let at = queue.length - 1; at >= 0; at--) {
    const one = queue[at] as Queued;
    if (one.type === 'progress' && one.task === task) {
      return one;
    }
  }
  return undefined;
}

/** Whether the message may be queued, perhaps in the place of another. False = it is to be dropped. */
function makeRoom(s: Session, type: string, bytes: number, replaced: Queued | undefined): boolean {
  const { outbox, config } = s;
  const { maxQueuedBytes, overflow } = config;
  const disposable = type === 'progress' || type === 'log';
  const held = outbox.queue.length + s.receipts.kept;
  const growth = bytes - (replaced ? replaced.bytes : 0);
  // What takes no more room than before is no reason to make some.
  const beyond = (now: number, more: number, most: number) => (more > 0 ? now + more - most : 0);
  const tooMany = beyond(held, replaced ? 0 : 1, config.maxQueuedMessages + (disposable ? 0 : RESERVE_MESSAGES));
  const tooLarge = beyond(outbox.bytes, growth, maxQueuedBytes * (disposable ? 1 : 2));
  if (tooMany <= 0 && tooLarge <= 0) {
    return true;
  }
  if (disposable && overflow === 'dropNewest') {
    return false;
  }
  const logs = disposable && overflow === 'dropOldest' ? logsToDrop(outbox, tooMany, tooLarge) : undefined;
  if (!logs) {
    const full = `the outbox is full (${held} messages, ${outbox.bytes} bytes); it empties when the link is up`;
    throw new SteadywireError('queue_full', full);
  }
  for (const log of logs) {
    dropQueued(s, log, 'overflow');
  }
  return true;
}

/** The oldest log lines, as many as have to go to free so many messages and bytes; none if all are not enough. */
function logsToDrop({ queue }: Outbox, messages: number, bytes: number): Queued[] | undefined {
  const logs: Queued[] = [];
  for (const one of queue) {
    if (one.type === 'log') {
      bytes -= one.bytes;
      if (logs.push(one) >= messages && bytes <= 0) {
        return logs;
      }
    }
  }
  return undefined;
}

/** Whether a message is of a type that tells of a task. */
export function isOfProtocol(type: string): boolean {
  return /^(?:progress|log|status|complete|error)$/.test(type);
}

/** The message as a frame. Throws where it holds what cannot be sent. */
function encode(draft: Draft, timestamp: number, id: string | undefined): string {
  const { type, taskId, message = '', metadata, progress = NaN } = draft;
  let { data } = draft;
  if (type === 'progress') {
    if (!Number.isFinite(progress)) {
      refuse('invalid_argument', 'progress takes a number from 0 to 100');
    }
    const clamped = Math.min(Math.max(progress, 0), 100);
    data = encodeProgressData(taskId, draft.stage ?? '', clamped, message, timestamp);
  } else if (type === 'log') {
    checkJson(metadata);
    data = encodeLogData(taskId, draft.level ?? 'info', message, timestamp, metadata);
  } else if (type === 'error' && data === undefined) {
    data = encodeErrorData(message, draft.code || undefined);
  } else {
    checkJson(data);
    data ??= type === 'status' || type === 'complete' ? 'null' : undefined;
  }
  return encodeMessage({ type, taskId, timestamp, data, id });
}

function checkJson(data: string | undefined): void {
  if (data !== undefined && !isJson(data)) {
    refuse('invalid_argument', 'data and metadata take JSON, and this text is not JSON');
  }
}
