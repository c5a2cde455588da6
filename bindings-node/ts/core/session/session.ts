/** The machine itself: its state, and the doors through which everything goes in and comes out. */

import { redactUrl, validate, type Config } from '../config';
import { newBatch, type Batch, type State } from '../event';
import { given, seeded, type Rng } from './backoff';
import { utf8Length } from './bytes';
import { connect, lease, reconnect, subscribe, unlease, unsubscribe } from './calls';
import { onClassified } from './classify';
import { closeNow, closingEnded, disconnect, endWhenDrained, endingTimeout, type Disconnecting } from './ending';
import {
  heartbeatTimeout,
  newHeartbeat,
  nextControl,
  onPong,
  onReadPaused,
  onReadResumed,
  onWoke,
  onPing,
  type Heartbeat,
} from './heartbeat';
import { onBinary, onText } from './inbound';
import type { Generation, Input, InputOf, Now, Output, Platform, Transmit } from './io';
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
import { nextPublication } from './publications';
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
  ending: Disconnecting | undefined = undefined;
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

  /** The driver dials this URL, which may have been given with the credentials. Texts name it, redacted. */
  dials(url: string): void {
    this.link.url = redactUrl(url);
  }

  /** A text frame arrived; the same as the input `text`. */
  handleText(now: Now, generation: Generation, text: string): void {
    setNow(this, now);
    const { link } = this;
    if (link.generation === generation && link.phase === 'open') {
      onText(this, text);
    }
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
    const transmit = nextControl(this) ?? nextSubscription(this) ?? nextPublication(this) ?? nextMessage(this);
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

/** What an input does, by its type. */
type Handlers = { readonly [Type in Input['type']]?: (s: Session, input: InputOf<Type>) => void };

/** What may happen at any time. */
const ANY: Handlers = {
  connect,
  reconnect,
  disconnect,
  subscribe,
  unsubscribe,
  lease,
  unlease,
  send,
  flush,
  close: closeNow,
  woke: onWoke,
  online: (s, { value }) => onReachable(s, 'offline', !value),
  visible: (s, { value }) => onReachable(s, 'hidden', !value),
  timeout: onTimeout,
};

/** What can happen to the current transport, by how far it is. Anything else is stale: rule LINK-1. */
const OF_TRANSPORT: { readonly [Phase in Link['phase']]?: Handlers } = {
  preparing: {
    credentials: onCredentials,
  },
  dialling: {
    opened: onOpened,
    dialFailed: onDialFailed,
  },
  undecided: {
    classified: onClassified,
  },
  open: {
    text: (s, { text }) => onText(s, text),
    binary: onBinary,
    ping: onPing,
    pong: onPong,
    closed: onClosed,
    broken: onBroken,
    readPaused: onReadPaused,
    readResumed: onReadResumed,
  },
  stopped: {
    closed: closingEnded,
    broken: closingEnded,
  },
};

function dispatch(s: Session, input: Input): void {
  const { link } = s;
  let handlers: Handlers | undefined = ANY;
  if ('generation' in input) {
    handlers = input.generation === link.generation ? OF_TRANSPORT[link.phase] : undefined;
  }
  const handle = handlers && (handlers[input.type] as ((s: Session, input: Input) => void) | undefined);
  if (handle) {
    handle(s, input);
  }
}

function onTimeout(s: Session): void {
  linkTimeout(s);
  endingTimeout(s);
  heartbeatTimeout(s);
  subscriptionsTimeout(s);
  writtenTimeout(s);
  tasksTimeout(s);
}
