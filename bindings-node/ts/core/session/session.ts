/** The machine itself: its state, and the doors through which everything goes in and comes out. */

import { validate, type Config } from '../config';
import { newBatch, type Batch, type State } from '../event';
import { given, seeded, type Rng } from './backoff';
import { utf8Length } from './bytes';
import { checkLease, connect, lease, reconnect, subscribe, unlease, unsubscribe } from './calls';
import { closeNow, disconnect, endWhenDrained, endingTimeout, type Ending } from './ending';
import {
  heartbeatTimeout,
  newHeartbeat,
  nextControl,
  onPing,
  onPong,
  onReadPaused,
  onReadResumed,
  woke,
  type Heartbeat,
} from './heartbeat';
import { onBinary, onText } from './inbound';
import type { Generation, Input, Now, Output, Platform, Transmit } from './io';
import {
  linkTimeout,
  newLink,
  onBroken,
  onClosed,
  onCredentials,
  onDialFailed,
  onOpened,
  onReachable,
  type Link,
} from './link';
import { nextMessage, send, type Outbox } from './outbox';
import { tasksTimeout } from './questions';
import { flush, newReceipts, writtenDeadline, writtenTimeout, type Receipts } from './receipts';
import { importCursors } from './resume';
import { newCounters, statsOf, type Counters, type Stats } from './stats';
import {
  newSubscriptions,
  nextSubscription,
  subscriptionsDeadline,
  subscriptionsTimeout,
  type Subscriptions,
} from './subscriptions';
import { current, newTasks, type Tasks } from './tasks';

/**
 * A client's behaviour. What happened goes in by `handleInput` and `handleText`; afterwards everything that can be
 * polled must be polled: `pollOutput`, then `batch`, then `pollTransmit` while the transport takes frames.
 *
 * The fields marked internal are the state that the functions of this folder share.
 */
export class Session {
  /** @internal */
  readonly config: Config;
  /** @internal */
  readonly platform: Platform;
  /** @internal */
  readonly nonce: string;
  /** @internal */
  rng: Rng;
  /** @internal */
  mono = 0;
  /** @internal */
  wall = 0;
  /** @internal */
  link: Link = newLink();
  /** @internal */
  heartbeat: Heartbeat = newHeartbeat(0);
  /** @internal */
  subscriptions: Subscriptions = newSubscriptions();
  /** @internal */
  readonly tasks: Tasks = newTasks();
  /** @internal */
  readonly outbox: Outbox = { queue: [], bytes: 0, lastOrder: 0 };
  /** @internal */
  readonly receipts: Receipts = newReceipts();
  /** @internal */
  readonly outputs: Output[] = [];
  /** @internal */
  readonly counters: Counters = newCounters();
  /** @internal */
  ending: Ending | undefined = undefined;
  /** The state of the connection. */
  state: State = 'disconnected';
  /** Events and settlements since it was last emptied. The driver moves them to the consumer. */
  batch: Batch = newBatch();

  /**
   * Makes a session that does nothing yet. `seed` seeds the jitter unless the configuration names a seed; `nonce`,
   * 24 hex digits, makes message ids unique among all clients of a server.
   *
   * @throws an option with a value it cannot take.
   */
  constructor(platform: Platform, config: Config, seed: number, nonce: string) {
    validate(config);
    this.platform = platform;
    this.config = config;
    this.nonce = nonce;
    this.rng = seeded(config.seed ?? seed);
    importCursors(this);
  }

  /** Replaces the generator by given values, the last of which repeats. For vectors. */
  withRandom(values: readonly number[]): this {
    this.rng = given(values);
    return this;
  }

  /**
   * Something happened. Afterwards everything that can be polled must be polled.
   *
   * @throws misuse by the caller (an empty task id, a full queue); nothing has changed then.
   */
  handleInput(now: Now, input: Input): void {
    setNow(this, now);
    try {
      dispatch(this, input);
    } finally {
      endWhenDrained(this);
    }
  }

  /** A text frame arrived; the same as the input `text`. */
  handleText(now: Now, generation: Generation, text: string): void {
    setNow(this, now);
    onText(this, generation, text);
    endWhenDrained(this);
  }

  /** The next thing the driver has to do, until there is none. */
  pollOutput(): Output | undefined {
    return this.outputs.shift();
  }

  /** The next frame to write, until there is none. To be called only while the transport can take a frame. */
  pollTransmit(now: Now): Transmit | undefined {
    setNow(this, now);
    if (this.link.phase !== 'open') {
      return undefined;
    }
    const transmit = nextControl(this) ?? nextSubscription(this) ?? nextMessage(this);
    if (transmit === undefined) {
      endWhenDrained(this);
    } else if (typeof transmit === 'string') {
      this.counters.framesOut++;
      this.counters.bytesOut += utf8Length(transmit);
    }
    return transmit;
  }

  /** When the input `timeout` is due, on the monotonic clock. Earlier or later timeouts are harmless. */
  nextDeadline(): number | undefined {
    const { link, ending, heartbeat, tasks } = this;
    const earliest = Math.min(
      link.until,
      ending ? ending.until : Infinity,
      heartbeat.due,
      heartbeat.deadline,
      subscriptionsDeadline(this.subscriptions),
      writtenDeadline(this),
      tasks.timers[0]?.at ?? Infinity,
    );
    return earliest === Infinity ? undefined : earliest;
  }

  /** Number of the current or latest transport; 0 before the first. */
  get generation(): Generation {
    return this.link.generation;
  }

  /** The latest connected or subscribed task that is still wanted. */
  currentTask(): string | undefined {
    return current(this.tasks);
  }

  /** What the session can say of itself now. */
  stats(): Stats {
    return statsOf(this);
  }

  /** The cursors of all tasks, to be given to a later client: task, epoch, seq. */
  cursors(): [task: string, epoch: string, seq: number][] {
    const cursors: [string, string, number][] = [];
    for (const { id, cursor } of this.tasks.byId.values()) {
      if (cursor) {
        cursors.push([id, cursor.epoch, cursor.seq]);
      }
    }
    return cursors.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function setNow(s: Session, now: Now): void {
  s.mono = Math.max(s.mono, now.monoMs);
  s.wall = now.wallMs;
}

function dispatch(s: Session, input: Input): void {
  switch (input.type) {
    case 'connect':
      return connect(s, input.ticket, input.task);
    case 'reconnect':
      return reconnect(s, input.ticket);
    case 'disconnect':
      return disconnect(s, input.ticket);
    case 'subscribe':
      return subscribe(s, input.task);
    case 'unsubscribe':
      return unsubscribe(s, input.task);
    case 'lease':
      checkLease(s, input.task);
      return lease(s, input.lease, input.task, input.kind);
    case 'unlease':
      return unlease(s, input.lease);
    case 'send':
      return send(s, input.ticket, input.message);
    case 'flush':
      return flush(s, input.ticket);
    case 'close':
      return closeNow(s);
    case 'opened':
      return onOpened(s, input.generation);
    case 'dialFailed':
      return onDialFailed(s, input.generation, input.failure);
    case 'text':
      return onText(s, input.generation, input.text);
    case 'binary':
      return onBinary(s, input.generation, input.head);
    case 'ping':
      return onPing(s, input.generation);
    case 'pong':
      return onPong(s, input.generation, input.payload);
    case 'closed':
      return onClosed(s, input.generation, input.code, input.reason);
    case 'broken':
      return onBroken(s, input.generation, input.failure);
    case 'readPaused':
      return onReadPaused(s, input.generation);
    case 'readResumed':
      return onReadResumed(s, input.generation);
    case 'woke':
      s.counters.sleptMs += input.sleptMs;
      return woke(s);
    case 'online':
      return onReachable(s, 'offline', !input.value);
    case 'visible':
      return onReachable(s, 'hidden', !input.value);
    case 'credentials':
      return onCredentials(s, input.generation, input.failure);
    case 'timeout':
      linkTimeout(s);
      endingTimeout(s);
      heartbeatTimeout(s);
      subscriptionsTimeout(s);
      writtenTimeout(s);
      tasksTimeout(s);
  }
}
