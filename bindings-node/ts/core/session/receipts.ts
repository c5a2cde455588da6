/** What became of each message: one final state (rules RCP). */

import type { Receipt } from '../event';
import { checkRoom, settle } from './calls';
import { canTellADeadLink, makePing } from './heartbeat';
import type { InputOf, Ticket } from './io';
import { MAX_IN_FLIGHT, PROOF_EVERY, WRITTEN_AFTER_MS } from './limits';
import type { Queued } from './outbox';
import { notePublished } from './publications';
import type { Session } from './session';
import { noteReceipt } from './stats';

/** A message that was written and is not settled. */
interface InFlight {
  /** Its number among all written. */
  readonly number: number;
  readonly at: number;
  readonly message: Queued;
  /** It is kept to be written again until it is acknowledged. */
  readonly kept: boolean;
}

/** Messages that were written and are not settled, in the order of writing. */
export interface Receipts {
  inFlight: InFlight[];
  /** Those among them that are kept. */
  kept: number;
  /** Counts messages written on any link. */
  written: number;
  /** `written` when the last ping went out. */
  proofAt: number;
  /** Before this nothing is old enough to be settled by a sign of life. */
  oldFrom: number;
  readonly flushes: { readonly ticket: Ticket; readonly order: number }[];
}

/** Nothing written. */
export function newReceipts(): Receipts {
  return { inFlight: [], kept: 0, written: 0, proofAt: 0, oldFrom: Infinity, flushes: [] };
}

export function flush(s: Session, { ticket }: InputOf<'flush'>): void {
  const { flushes } = s.receipts;
  checkRoom(flushes.length);
  flushes.push({ ticket, order: s.outbox.lastOrder });
  settleFlushes(s, Infinity);
}

/** A message is handed to the transport. Returns its text. */
export function noteWritten(s: Session, message: Queued): string {
  const { receipts, subscriptions } = s;
  const { text } = message;
  notePublished(s, message.task);
  const kept = message.id !== undefined && subscriptions.features !== undefined && subscriptions.features.ack;
  if (kept) {
    receipts.kept++;
  } else {
    s.outbox.bytes -= message.bytes;
    message.text = '';
    receipts.oldFrom = Math.min(receipts.oldFrom, s.mono + writtenAfter(s));
  }
  receipts.inFlight.push({ number: ++receipts.written, at: s.mono, message, kept });
  return text;
}

/** Whether another message may be written. */
export function hasWindow({ inFlight }: Receipts): boolean {
  return inFlight.length < MAX_IN_FLIGHT;
}

/** Whether it is time for a ping between messages. */
export function wantsProofFirst(s: Session): boolean {
  const { receipts } = s;
  return receipts.written - receipts.proofAt >= PROOF_EVERY && canProve(s) && receipts.inFlight.length > receipts.kept;
}

/** A ping whose pong shows that the messages before it have arrived. */
export function nextProof(s: Session): number | undefined {
  const { receipts } = s;
  const { inFlight } = receipts;
  if (canProve(s) && inFlight.length > receipts.kept) {
    for (let at = inFlight.length - 1; ; at--) {
      const one = inFlight[at] as InFlight;
      if (one.number <= receipts.proofAt) {
        break;
      }
      if (!one.kept) {
        receipts.proofAt = receipts.written;
        return makePing(s);
      }
    }
  }
  return undefined;
}

/** A sign of life answers something that was sent after message `number`. */
export function writtenUpTo(s: Session, number: number): void {
  settleWritten(s, (one) => one.number <= number);
}

/** When messages count as written by time alone: where nothing would tell that the link is dead. */
export function writtenDeadline(s: Session): number {
  return canTellADeadLink(s) ? Infinity : oldestDue(s);
}

export function writtenTimeout(s: Session): void {
  if (s.link.phase === 'open' && writtenDeadline(s) <= s.mono) {
    settleOld(s);
  }
}

/** Something arrived: what was written long enough before counts as written. */
export function aliveAfterWriting(s: Session): void {
  const { receipts } = s;
  if (receipts.oldFrom <= s.mono && canTellADeadLink(s)) {
    settleOld(s);
    receipts.oldFrom = oldestDue(s);
  }
}

export function onAck(s: Session, id: string): void {
  settleTaken(s, id, { state: 'acked' });
}

export function onRefusedMessage(s: Session, id: string, message: string): void {
  settleTaken(s, id, { state: 'rejected', message });
}

/** The link is gone: what waits for an acknowledgement is written again on the next, the rest is unknown. */
export function receiptsOfLostLink(s: Session): void {
  const { outbox } = s;
  const again: Queued[] = [];
  const unknown: Queued[] = [];
  for (const { message, kept } of takeInFlight(s)) {
    message.writtenBefore = kept;
    (kept ? again : unknown).push(message);
  }
  s.receipts.proofAt = s.receipts.written;
  s.receipts.oldFrom = Infinity;
  outbox.queue = again.concat(outbox.queue);
  settleReceipts(s, unknown, unknownReceipt);
}

/** Everything written is settled as unknown, acknowledged or not. */
export function receiptsUnknown(s: Session): void {
  const messages = takeInFlight(s).map(({ message, kept }) => {
    s.outbox.bytes -= kept ? message.bytes : 0;
    return message;
  });
  settleReceipts(s, messages, unknownReceipt);
}

export function hasUnsettled(s: Session): boolean {
  return s.outbox.queue.length > 0 || s.receipts.inFlight.length > 0;
}

/** One message has its final state. The message of the order `unsettled` and those after it are still without. */
export function settleReceipt(s: Session, ticket: Ticket, receipt: Receipt, unsettled = Infinity): void {
  noteReceipt(s.counters, receipt);
  settle(s, ticket, { type: 'receipt', receipt });
  settleFlushes(s, unsettled);
}

/** Answers every flush before which nothing is unsettled, of those before the message `limit`. */
function settleFlushes(s: Session, limit: number): void {
  const { inFlight, flushes } = s.receipts;
  if (flushes.length === 0) {
    return;
  }
  const queued = s.outbox.queue[0];
  const written = inFlight[0];
  const oldest = Math.min(queued ? queued.order : Infinity, written ? written.message.order : Infinity, limit);
  const waits = flushes.findIndex(({ order }) => order >= oldest);
  for (const { ticket } of flushes.splice(0, waits < 0 ? flushes.length : waits)) {
    settle(s, ticket, { type: 'flushed' });
  }
}

/** When the oldest message that waits for no acknowledgement will have been written long enough ago. */
function oldestDue(s: Session): number {
  const { inFlight, kept } = s.receipts;
  const oldest = inFlight.length > kept ? inFlight.find((one) => !one.kept) : undefined;
  return oldest ? oldest.at + writtenAfter(s) : Infinity;
}

function settleOld(s: Session): void {
  const before = s.mono - writtenAfter(s);
  settleWritten(s, (one) => one.at <= before);
}

function settleWritten(s: Session, done: (one: InFlight) => boolean): void {
  const { receipts } = s;
  const settled: Queued[] = [];
  receipts.inFlight = receipts.inFlight.filter((one) => {
    const written = !one.kept && done(one);
    if (written) {
      settled.push(one.message);
    }
    return !written;
  });
  settleReceipts(s, settled, ({ id }) => ({ state: 'written', ackUnsupported: id !== undefined }));
}

/** Settles messages that are out of the queue already, in their order, and each flush in its place. */
function settleReceipts(s: Session, messages: Queued[], receiptOf: (message: Queued) => Receipt): void {
  messages.forEach((message, at) => {
    settleReceipt(s, message.ticket, receiptOf(message), messages[at + 1]?.order);
  });
}

/** Settles the message that the server speaks of, if it was written: on this link, or on an earlier one. */
function settleTaken(s: Session, id: string, receipt: Receipt): void {
  const { receipts, outbox } = s;
  const { inFlight } = receipts;
  const at = inFlight.findIndex((one) => one.message.id === id);
  const one = inFlight[at];
  let taken: Queued | undefined;
  if (one) {
    inFlight.splice(at, 1);
    taken = one.message;
    if (one.kept) {
      receipts.kept--;
      outbox.bytes -= taken.bytes;
    }
  } else {
    const { queue } = outbox;
    const place = queue.findIndex((message) => message.writtenBefore && message.id === id);
    taken = queue[place];
    if (!taken) {
      return;
    }
    queue.splice(place, 1);
    outbox.bytes -= taken.bytes;
  }
  settleReceipt(s, taken.ticket, receipt);
}

function takeInFlight(s: Session): InFlight[] {
  const { receipts } = s;
  const { inFlight } = receipts;
  receipts.inFlight = [];
  receipts.kept = 0;
  return inFlight;
}

function unknownReceipt(): Receipt {
  return { state: 'unknown' };
}

function canProve(s: Session): boolean {
  return s.platform.pings && s.heartbeat.pings.length === 0;
}

function writtenAfter(s: Session): number {
  return s.config.heartbeatInterval || WRITTEN_AFTER_MS;
}
