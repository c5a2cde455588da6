/** Reads what the addon wrote, and makes events and answers of it: one literal for each kind. */

import { completeEvent, type Item, parsed, type Settlement, statusEvent } from '../common';
import { type ErrorKind, SteadywireError } from '../errors';
import type { DropReason, ErrorEvent, Event, LogEvent, Outcome, Receipt } from '../types';
import type { Native } from './addon';
import { LAYOUT } from './layout';

/** How many records are written at a time, at most: those of a drain, and room for names. */
const RECORDS = 1024;

/** How many bytes of text are written at a time; one event alone may be longer, and gets a buffer of its own. */
const TEXT_BYTES = 256 << 10;

/** Node's own way to read a part of a buffer, which is faster than `toString` and not in its types. */
interface Slices extends Buffer {
  latin1Slice(from: number, to: number): string;
  utf8Slice(from: number, to: number): string;
}

const KINDS = LAYOUT.kinds;

/** What waits in JavaScript: the records of one drain. All texts are copied, so that nothing kept holds the buffer. */
export class Records {
  private readonly ints = new Int32Array(RECORDS * LAYOUT.ints);
  private readonly floats = new Float64Array(RECORDS * LAYOUT.floats + 2);
  private text = Buffer.allocUnsafeSlow(TEXT_BYTES) as Slices;
  /** Texts by their number. The first two places are of texts too long to be remembered. */
  private names: string[] = ['', ''];
  private index = 0;
  private count = 0;
  /** Where in the buffer the next text begins. */
  private at = 0;

  /** Drains anew, at most `max` entries. All that came before must have been read. Says whether more is left. */
  fill(native: Native, max: number): boolean {
    if (this.text.length > TEXT_BYTES) {
      this.text = Buffer.allocUnsafeSlow(TEXT_BYTES) as Slices;
    }
    const { ints, floats } = this;
    for (;;) {
      this.count = native.drain(max, ints, floats, this.text);
      this.index = this.at = 0;
      const needed = floats[floats.length - 1] as number;
      if (needed === 0) {
        return floats[floats.length - 2] !== 0;
      }
      // The names of an event that does not fit are told all the same, and some of them only once.
      this.next();
      this.text = Buffer.allocUnsafeSlow(needed) as Slices;
    }
  }

  /** How many records have not been read yet. */
  get left(): number {
    return this.count - this.index;
  }

  /** The next event or answer; `undefined` at the end. */
  next(): Item | undefined {
    while (this.index < this.count) {
      const { ints, floats, names, text } = this;
      const at = this.index * LAYOUT.ints;
      const float = this.index++ * LAYOUT.floats;
      const head = ints[at] as number;
      const kind = head & 0xff;
      const from = this.at;
      const to = from + (ints[at + 3] as number);
      const end = to + (ints[at + 4] as number);
      this.at = end;
      const words =
        from === to ? '' : (head & LAYOUT.ascii) !== 0 ? text.latin1Slice(from, to) : text.utf8Slice(from, to);
      if (kind === KINDS.progress) {
        return {
          type: 'progress',
          taskId: names[ints[at + 1] as number] as string,
          stage: names[ints[at + 2] as number] as string,
          progress: floats[float + 1] as number,
          message: words,
          timestamp: floats[float] as number,
        };
      }
      const raw = (head & LAYOUT.raw) === 0 ? undefined : text.utf8Slice(to, end);
      if (kind === KINDS.log) {
        const level = LAYOUT.levels[ints[at + 2] as number] ?? 'info';
        const taskId = names[ints[at + 1] as number] as string;
        return logEvent(taskId, level, words, floats[float] as number, raw);
      }
      if (kind === LAYOUT.name) {
        names[ints[at + 2] as number] = words;
      } else if (kind === LAYOUT.forget) {
        names.length = ints[at + 2] as number;
      } else {
        const task = names[ints[at + 1] as number];
        const word = ints[at + 2] as number;
        const first = floats[float] as number;
        return kind >= LAYOUT.connected
          ? { ticket: first, settlement: settlement(kind, word, words, raw, floats[float + 1] as number) }
          : this.rare(head, task, word, words, raw, first);
      }
    }
    return undefined;
  }

  private rare(
    head: number,
    task: string | undefined,
    word: number,
    text: string,
    raw: string | undefined,
    timestamp: number,
  ): Event {
    const taskId = task ?? '';
    const synthetic = (head & LAYOUT.synthetic) !== 0;
    switch (head & 0xff) {
      case KINDS.status:
        return status(taskId, timestamp, raw ?? 'null');
      case KINDS.complete:
        return completeEvent(taskId, timestamp, value(raw), synthetic);
      case KINDS.heartbeat:
        return { type: 'heartbeat', taskId, timestamp };
      case KINDS.message:
        return { type: 'message', messageType: this.names[word] as string, taskId, raw: text };
      case KINDS.error: {
        const source = LAYOUT.sources[(head >> LAYOUT.source) & 3] as ErrorEvent['source'];
        const code = this.names[word] as string;
        const fatal = (head & LAYOUT.fatal) !== 0;
        return {
          type: 'error',
          source,
          code,
          message: text,
          taskId: task,
          data: value(raw),
          fatal,
          timestamp,
          synthetic,
        };
      }
    }
    return linkEvent(JSON.parse(text));
  }
}

function logEvent(
  taskId: string,
  level: LogEvent['level'],
  message: string,
  timestamp: number,
  raw: string | undefined,
): LogEvent {
  if (raw === undefined) {
    return { type: 'log', taskId, level, message, timestamp };
  }
  return { type: 'log', taskId, level, message, timestamp, metadata: value(raw) as Record<string, unknown> };
}

/** An event as the core writes it in JSON. */
interface Told {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: which fields there are goes by the kind
  readonly [field: string]: any;
}

/** What comes with the link and not with a task. Absent is `undefined`. */
function linkEvent(told: Told): Event {
  switch (told.event) {
    case 'stateChange':
      return {
        type: 'stateChange',
        state: told['state'],
        previous: told['previous'],
        reason: told['reason'],
        generation: told['generation'],
        closeCode: told['closeCode'],
        httpStatus: told['httpStatus'],
        willRetry: told['willRetry'],
      };
    case 'retry':
      return { type: 'retry', attempt: told['attempt'], nextDelay: told['nextDelay'], cause: told['cause'] };
    case 'connected':
      return { type: 'connected', generation: told['generation'] };
    case 'disconnected': {
      const { generation, closeCode, reason } = told as { [field: string]: Told[string] };
      return { type: 'disconnected', generation, closeCode, reason };
    }
    case 'lost':
      return { type: 'lost', taskId: told['taskId'], reason: told['reason'] };
    case 'gap':
      return { type: 'gap', taskId: told['taskId'], from: told['from'], to: told['to'], epoch: told['epoch'] };
    default:
      return { type: 'overflow', count: told['count'] };
  }
}

function settlement(kind: number, word: number, text: string, raw: string | undefined, second: number): Settlement {
  switch (kind) {
    case LAYOUT.connected: {
      if (text === '') {
        return { type: 'connected' };
      }
      const { kind, message, cause } = JSON.parse(text);
      return { type: 'connected', error: new SteadywireError(kind as ErrorKind, message, cause ?? undefined) };
    }
    case LAYOUT.receipt:
      return { type: 'receipt', receipt: receipt(LAYOUT.receipts[word], text) };
    case LAYOUT.outcome: {
      const { reason, ...told } = JSON.parse(text);
      const outcome: Outcome = { ...told, reason: reason ?? undefined, data: value(raw), timestamp: second };
      return { type: 'outcome', outcome };
    }
    default:
      return { type: kind === LAYOUT.disconnected ? 'disconnected' : 'flushed' };
  }
}

function receipt(state: (typeof LAYOUT.receipts)[number] | undefined, text: string): Receipt {
  switch (state) {
    case 'written':
      return { state: 'written' };
    case 'ackUnsupported':
      return { state: 'written', ackUnsupported: true };
    case 'acked':
      return { state: 'acked' };
    case 'rejected':
      return { state: 'rejected', message: text };
    case 'dropped':
      return { state: 'dropped', reason: text as DropReason };
    default:
      return { state: 'unknown' };
  }
}

function status(taskId: string, timestamp: number, raw: string): Event {
  try {
    return statusEvent(taskId, timestamp, raw);
  } catch {
    return { type: 'status', taskId, timestamp, data: raw };
  }
}

/** `undefined` where there is none. What JavaScript cannot hold, such as too deep a nesting, stays the text it is. */
function value(raw: string | undefined): unknown {
  try {
    return parsed(raw);
  } catch {
    return raw;
  }
}
