/** Between a session and the platform's WebSocket: one timer, one transport, and the inbox on the other side. */

import { type Call, type Engine, failureOf, type Item } from '../common';
import { type Batch, limits, type Now, type Output, redactUrl, Session } from '../core';
import { cut, utf8Length } from '../core/session/bytes';
import type { InputOf, Input } from '../core/session/io';
import type { Cursors, Disposition, EventName, State } from '../types';
import { ask, asks, scrub, type Target, targetOf } from './asking';
import { Clock, randomNonce, randomSeed } from './clock';
import { itemOf } from './convert';
import { Inbox } from './inbox';
import { macrotask } from './macrotask';
import type { Settings } from './options';
import { Socket, type Told } from './socket';
import { watch } from './surroundings';

/** How long delivery may take before the page gets a turn, in milliseconds. */
const TURN_MS = 5;

/** How soon to look again whether a full transport takes frames, in milliseconds: browsers do not tell. */
const LOOK_AGAIN_MS = 20;

/** Whom the driver hands items to. */
export interface Consumer {
  /** Says whether the rest must wait for a new macrotask. */
  deliver(item: Item): boolean;
  /** A turn begins. */
  wantNow(): void;
  batchTook(ms: number): void;
}

export class Driver implements Engine {
  private readonly session: Session;
  private readonly clock = new Clock();
  private readonly inbox: Inbox;
  private socket: { readonly generation: number; readonly transport: Socket } | undefined;
  private target: Target | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private armed = Infinity;
  private lookAgain = Infinity;
  private rung = false;
  private delivering = false;
  private turnEnded = 0;
  private unwatch: (() => void) | undefined;
  private closed = false;

  constructor(
    private readonly settings: Settings,
    private readonly consumer: Consumer,
  ) {
    const { config, classify } = settings;
    const platform = { pings: false, credentials: asks(settings), classify: classify !== undefined };
    this.session = new Session(platform, config, randomSeed(), randomNonce());
    this.inbox = new Inbox(config);
  }

  call(call: Call): void {
    this.input(call);
    if (call.type === 'close') {
      this.closed = true;
      this.settled();
      if (this.delivering) {
        this.answer();
      }
      while (!this.inbox.isEmpty()) {
        this.deliver(Infinity);
      }
    }
  }

  want(kinds: readonly EventName[] | 'all'): void {
    this.inbox.want(kinds === 'all' ? undefined : new Set(kinds));
  }

  state(): State {
    return this.session.state;
  }

  currentTask(): string | undefined {
    return this.session.currentTask();
  }

  stats(): Record<string, unknown> {
    return { ...this.session.stats(), inbox: this.inbox.stats(this.clock.mono()) };
  }

  cursors(): Cursors {
    return Object.fromEntries(this.session.cursors().map(([task, epoch, seq]) => [task, { epoch, seq }]));
  }

  /** Passes an input on, and does what follows. */
  private input(input: Input): void {
    try {
      this.session.handleInput(this.look(), input);
    } finally {
      this.settled();
    }
  }

  /** Looks at the clocks, once for all that follows from an input. A sleep of the machine is told first. */
  private look(): Now {
    const { clock } = this;
    const sleptMs = clock.look();
    if (sleptMs > 0) {
      // It was set by a clock that has jumped.
      clearTimeout(this.timer);
      this.timer = undefined;
      this.session.handleInput(clock.seen, { type: 'woke', sleptMs });
    }
    return clock.seen;
  }

  /** Empties what the session has to say, and sets the timer. */
  private settled(): void {
    const { session } = this;
    do {
      this.obey();
      this.write();
    } while (session.outputs.length > 0);
    this.store();
    const isActive = !this.closed && session.state !== 'disconnected' && session.state !== 'error';
    if (isActive && !this.unwatch) {
      // Set before it tells what is now, which leads here again.
      this.unwatch = () => {};
      this.unwatch = this.watch();
    } else if (!isActive && this.unwatch) {
      this.unwatch();
      this.unwatch = undefined;
    }
    this.arm();
  }

  private obey(): void {
    for (let output = this.session.pollOutput(); output; output = this.session.pollOutput()) {
      this.obeyOne(output);
    }
  }

  private obeyOne(output: Output): void {
    const { generation } = output;
    switch (output.type) {
      case 'needCredentials': {
        const { type: _, ...request } = output;
        // Not from here: what the program does in its function may lead to the session again.
        Promise.resolve()
          .then(() => ask(this.settings, request))
          .then(
            (target) => {
              if (generation === this.session.generation) {
                this.target = target;
              }
              this.input({ type: 'credentials', generation });
            },
            (thrown) => this.input({ type: 'credentials', generation, failure: failureOf(thrown) }),
          );
        break;
      }
      case 'classify': {
        const { type: _, generation: __, ...ending } = output;
        const answer = (disposition?: Disposition) => this.input({ type: 'classified', generation, disposition });
        Promise.resolve(ending)
          .then(this.settings.classify)
          .then(
            (disposition) => answer(disposition as Disposition | undefined),
            (thrown) => {
              answer();
              this.settings.logger.warn(`option \`classify\` threw; what was proposed counts`, thrown);
            },
          );
        break;
      }
      case 'dial':
        this.dial(generation);
        break;
      case 'drop':
        this.drop(generation);
        break;
      case 'close':
        if (this.socket?.generation === generation) {
          this.socket.transport.close(output.code);
        }
    }
  }

  private dial(generation: number): void {
    const { settings } = this;
    const { webSocket = (globalThis as { WebSocket?: Settings['webSocket'] }).WebSocket } = settings;
    if (!webSocket) {
      this.cannotDial(generation, 'this platform has no WebSocket; give a class as option `WebSocket`');
      return;
    }
    try {
      if (!asks(settings)) {
        const { url, token, protocols } = settings;
        this.target = targetOf(settings, url as string, token as string | undefined, protocols as string[] | undefined);
      }
      const { url, protocols } = this.target as Target;
      this.session.dials(url);
      this.socket = { generation, transport: new Socket(webSocket, url, protocols, this.told(generation)) };
    } catch (thrown) {
      this.cannotDial(generation, this.scrubbed(failureOf(thrown).message));
    }
  }

  /** Trying again cannot help. */
  private cannotDial(generation: number, message: string): void {
    const failure = { kind: 'connect_failed', message, fatal: true } as const;
    this.session.handleInput(this.clock.seen, { type: 'dialFailed', generation, failure });
  }

  private told(generation: number): Told {
    const ended = (input: Input) => {
      if (this.socket?.generation === generation) {
        this.socket = undefined;
      }
      this.input(input);
    };
    return {
      opened: () => this.input({ type: 'opened', generation }),
      text: (text) => {
        if (this.isTooLarge(generation, text.length, () => utf8Length(text))) {
          return;
        }
        this.session.handleText(this.look(), generation, text);
        this.settled();
      },
      binary: (data) => {
        const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
        if (!this.isTooLarge(generation, bytes.length, () => bytes.length)) {
          const shown = new TextDecoder().decode(bytes.subarray(0, limits.SHOWN_BYTES));
          this.input({ type: 'binary', generation, head: cut(shown, limits.SHOWN_BYTES) });
        }
      },
      failed: (reason) => {
        const to = redactUrl(this.target?.url ?? '');
        const why = reason ? this.scrubbed(reason) : 'the platform does not say why';
        const failure = { kind: 'connect_failed', message: `no connection to ${to}: ${why}` } as const;
        ended({ type: 'dialFailed', generation, failure });
      },
      closed: (code, reason) => ended({ type: 'closed', generation, code, reason: this.scrubbed(reason) }),
    };
  }

  private isTooLarge(generation: number, units: number, bytes: () => number): boolean {
    const { maxMessageSize } = this.settings.config;
    // A unit of UTF-16 has at most three bytes of UTF-8.
    if (units * 3 <= maxMessageSize || bytes() <= maxMessageSize) {
      return false;
    }
    // 1009 is for servers; a page may not send it.
    this.drop(generation, 4009);
    const message = `a message is larger than ${maxMessageSize} bytes (option \`maxMessageSize\`)`;
    this.input({ type: 'broken', generation, failure: { kind: 'message_too_large', message } });
    return true;
  }

  private scrubbed(text: string): string {
    return scrub(text, this.target?.secrets ?? []);
  }

  private drop(generation: number, code?: number): void {
    if (this.socket?.generation === generation) {
      this.socket.transport.drop(code);
      this.socket = undefined;
    }
  }

  private write(): void {
    const { session, socket } = this;
    this.lookAgain = Infinity;
    if (!socket || socket.generation !== session.generation) {
      return;
    }
    const now = this.clock.seen;
    while (socket.transport.isReady()) {
      const frame = session.pollTransmit(now);
      if (frame === undefined) {
        return;
      }
      try {
        socket.transport.send(String(frame));
      } catch (thrown) {
        const { generation } = socket;
        const { message } = failureOf(thrown);
        this.drop(generation);
        session.handleInput(now, { type: 'broken', generation, failure: { kind: 'connection_lost', message } });
        return;
      }
    }
    this.lookAgain = now.monoMs + LOOK_AGAIN_MS;
  }

  private store(): void {
    const { session, inbox } = this;
    const { batch } = session;
    if (batch.length === 0) {
      return;
    }
    session.batch = [] as Batch;
    const now = this.clock.seen.monoMs;
    for (const item of batch) {
      if ('event' in item) {
        inbox.store(item.key, item.event, now);
      } else {
        inbox.answer(item.ticket, item.settlement, now);
      }
    }
    if (this.delivering) {
      return;
    }
    if (inbox.isFull(now)) {
      // Nothing may go and the platform reads on: keep it from that.
      this.deliver(Infinity);
    } else if (inbox.oldestAge(now) >= TURN_MS && now - this.turnEnded >= TURN_MS) {
      // The platform reads so much that delivery gets no turn: half of the time is for that.
      this.deliver(TURN_MS);
    }
    this.ring();
  }

  private ring(): void {
    if (!this.rung && !this.inbox.isEmpty()) {
      this.rung = true;
      macrotask(() => {
        this.rung = false;
        this.deliver(TURN_MS);
        this.ring();
      });
    }
  }

  /** Answers who waits. For inside of a listener: others are not called in the midst of one. */
  private answer(): void {
    for (let waiting = this.inbox.take(this.clock.mono()); waiting; waiting = this.inbox.take(this.clock.mono())) {
      const item = itemOf(waiting);
      if ('settlement' in item) {
        this.consumer.deliver(item);
      }
    }
  }

  /** Delivers what waits, until an answer wants a new macrotask or the time is over. */
  private deliver(mostMs: number): void {
    const { inbox, consumer, clock } = this;
    const begun = clock.mono();
    let now = begun;
    this.delivering = true;
    try {
      consumer.wantNow();
      for (let isOver = false; !isOver && now - begun < mostMs; ) {
        const waiting = inbox.take(now);
        if (!waiting) {
          break;
        }
        isOver = consumer.deliver(itemOf(waiting));
        now = clock.mono();
      }
    } finally {
      consumer.batchTook(now - begun);
      this.turnEnded = now;
      this.delivering = false;
    }
  }

  /** The one timer. Set later it costs nothing: it then fires once too early. */
  private arm(): void {
    const deadline = this.closed ? Infinity : Math.min(this.session.nextDeadline() ?? Infinity, this.lookAgain);
    if (deadline >= this.armed && this.timer !== undefined && deadline !== Infinity) {
      return;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    this.armed = deadline;
    if (deadline !== Infinity) {
      const wait = Math.max(deadline - this.clock.mono(), 0);
      this.timer = setTimeout(() => this.rang(), wait);
    }
  }

  private rang(): void {
    this.timer = undefined;
    this.armed = Infinity;
    // What came in time and was not read yet is read first, so that it is not called late.
    macrotask(() => {
      if (!this.closed) {
        this.timeout();
      }
    });
  }

  private timeout(): void {
    const now = this.look();
    if ((this.session.nextDeadline() ?? Infinity) <= now.monoMs) {
      this.session.handleInput(now, { type: 'timeout' });
    }
    this.settled();
  }

  private watch(): () => void {
    return watch({
      visible: (value) => this.input({ type: 'visible', value }),
      online: (value) => this.input({ type: 'online', value }),
      putAway: () => {
        this.input({ type: 'visible', value: false });
        const generation = this.socket?.generation;
        if (generation !== undefined) {
          this.drop(generation, 1000);
          const reason = 'the page was put away by the browser';
          const gone: InputOf<'closed'> = { type: 'closed', generation, code: 1006, reason };
          this.input(gone);
        }
      },
      resumed: (sleptMs) => {
        this.input({ type: 'woke', sleptMs });
        this.input({ type: 'visible', value: true });
      },
    });
  }
}
