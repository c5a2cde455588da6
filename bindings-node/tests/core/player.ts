/** Plays a scenario on a bare session in virtual time and writes down all that comes out. */

import { type Config, newConfig, setOption } from '../../ts/core/config';
import { SteadywireError } from '../../ts/core/error';
import { newBatch } from '../../ts/core/event';
import { levelOf } from '../../ts/core/protocol';
import type { Disposition } from '../../ts/core/session';
import type { Draft, Failure, Input, Now } from '../../ts/core/session/io';
import { SHOWN_BYTES } from '../../ts/core/session/limits';
import { Session } from '../../ts/core/session/session';
import { type Fields, itemJson, type Json, outputJson, transmitJson } from './json';

/** Where the wall clock of every scenario starts. */
const WALL_START = 1_732_000_000_000;

/** How often a session may want a timeout at the same moment. */
const STILL = 100;

/** Options of a whole client that mean nothing to a session. */
const OF_CLIENTS = /^(?:token|headers|protocols)$/;

/** Plays the scenario and gives its steps with what came out of each in `expect`, and `error` where it was refused. */
export function* play(vector: Fields): Generator<Fields> {
  const player = new Player(vector);
  for (const step of vector['steps'] as Fields[]) {
    yield player.step(step);
  }
}

class Player {
  readonly #session: Session;
  #mono = 0;
  #wallAhead = WALL_START;
  #lastPing = 0;
  #blocked = false;
  /** How many more frames the transport takes in this step. */
  #room = Infinity;
  #seen: Fields[] = [];

  constructor(vector: Fields) {
    const { pings = true, credentials = false, classify = false } = (vector['platform'] ?? {}) as Fields;
    const platform = { pings: pings === true, credentials: credentials === true, classify: classify === true };
    const config = configOf((vector['config'] ?? {}) as Fields);
    const nonce = (vector['nonce'] ?? '0'.repeat(24)) as string;
    this.#session = new Session(platform, config, (vector['seed'] ?? 1) as number, nonce);
    if (vector['random']) {
      this.#session.withRandom(vector['random'] as number[]);
    }
  }

  step(step: Fields): Fields {
    const { expect: _, error: __, ...played } = step;
    if (step['now']) {
      const [mono, wall] = step['now'] as [number, number];
      this.#mono = mono;
      this.#wallAhead = wall - mono;
    }
    this.#room = (step['writes'] ?? Infinity) as number;
    const { driver } = step;
    if (step['after'] !== undefined) {
      this.#advance(step['after'] as number);
    } else if (step['late'] !== undefined) {
      this.#mono += step['late'] as number;
      this.#input({ type: 'timeout' }, true);
    } else if (step['check']) {
      played['check'] = this.#check(step['check'] as Fields);
    } else if (driver === 'block' || driver === 'unblock' || driver === 'ready') {
      this.#blocked = driver === 'ready' ? this.#blocked : driver === 'block';
      this.#drain(false);
    } else {
      const error = this.#repeated(step);
      if (error) {
        played['error'] = error;
      }
    }
    const seen = step['count'] === true ? runs(this.#seen) : this.#seen;
    this.#seen = [];
    if (seen.length > 0) {
      played['expect'] = seen;
    }
    return played;
  }

  /** Lets time pass and fires every deadline at its time. */
  #advance(by: number): void {
    const end = this.#mono + by;
    for (let still = 0; ; ) {
      const deadline = this.#session.nextDeadline();
      if (deadline === undefined || deadline > end) {
        break;
      }
      still = deadline <= this.#mono ? still + 1 : 0;
      if (still >= STILL) {
        throw new Error(`the session spins: its deadline ${deadline} does not move`);
      }
      this.#mono = Math.max(this.#mono, deadline);
      this.#input({ type: 'timeout' }, true);
    }
    this.#mono = end;
  }

  /**
   * A step with `times` is played that often: task ids get the number appended, leases count on from theirs; with
   * `numbered` both, and messages too are of tasks with the number.
   */
  #repeated(step: Fields): string | undefined {
    const { times, lease, task, data, message, numbered } = step;
    if (times === undefined || (step['do'] === 'send' && !numbered)) {
      return this.#call(step);
    }
    for (let n = 1; n <= (times as number); n++) {
      const one: Fields = { ...step, times: 1 };
      if (numbered) {
        one['task'] = `${task}${n}`;
        one['message'] = { ...(message as Fields), taskId: `${(message as Fields | undefined)?.['taskId']}${n}` };
      }
      if (lease !== undefined) {
        one['lease'] = (lease as number) + n - 1;
      } else if (task !== undefined) {
        one['task'] = `${task}${n}`;
      } else if (data !== undefined) {
        one['data'] = { ...(data as Fields), taskId: `${(data as Fields)['taskId']}${n}` };
      }
      const error = this.#call(one);
      if (error) {
        return error;
      }
    }
    return undefined;
  }

  #call(step: Fields): string | undefined {
    if (step['do'] === 'send') {
      for (let n = 0; n < ((step['times'] ?? 1) as number); n++) {
        const ticket = (step['ticket'] ?? 0) as number;
        const error = this.#input({ type: 'send', ticket, message: draftOf(step) }, false);
        if (error) {
          return error;
        }
      }
      return undefined;
    }
    return this.#input(inputOf(step, this.#session.generation, this.#lastPing), false);
  }

  #input(input: Input, timed: boolean): string | undefined {
    let refused: string | undefined;
    try {
      this.#session.handleInput(this.#now(), input);
    } catch (error) {
      if (!(error instanceof SteadywireError)) {
        throw error;
      }
      refused = error.kind;
    }
    this.#drain(timed);
    return refused;
  }

  /** Everything that comes out: what to do, what to tell, what to write; again until nothing does. */
  #drain(timed: boolean): void {
    const see = (value: Fields) => this.#seen.push(timed ? { at: this.#mono, ...value } : value);
    for (let before = -1; before < this.#seen.length; ) {
      before = this.#seen.length;
      for (let output = this.#session.pollOutput(); output; output = this.#session.pollOutput()) {
        see(outputJson(output));
      }
      const { batch } = this.#session;
      this.#session.batch = newBatch();
      for (const item of batch) {
        see(itemJson(item));
      }
      while (!this.#blocked && this.#room > 0) {
        const transmit = this.#session.pollTransmit(this.#now());
        if (transmit === undefined) {
          break;
        }
        this.#room--;
        this.#lastPing = typeof transmit === 'number' ? transmit : this.#lastPing;
        see(transmitJson(transmit));
      }
    }
  }

  #check(wanted: Fields): Fields {
    const session = this.#session;
    const cursors = () => session.cursors().map(([task, epoch, seq]) => [task, { epoch, seq }] as const);
    const found: { [name: string]: (value: Json) => unknown } = {
      state: () => session.state,
      currentTask: () => session.currentTask() ?? null,
      deadline: () => session.nextDeadline() ?? null,
      cursors: () => Object.fromEntries(cursors()),
      stats: (value) => subset(session.stats() as unknown as Json, value),
    };
    const one = ([name, value]: [string, Json]): [string, Json] => {
      const look = found[name];
      if (!look) {
        throw new Error(`nothing called ${name} can be checked`);
      }
      return [name, look(value) as Json];
    };
    return Object.fromEntries(Object.entries(wanted).map(one));
  }

  #now(): Now {
    return { monoMs: this.#mono, wallMs: this.#mono + this.#wallAhead };
  }
}

function configOf(options: Fields): Config {
  const config = newConfig('ws://localhost:8080/ws');
  for (const [name, value] of Object.entries(options)) {
    if (!OF_CLIENTS.test(name)) {
      setOption(config, name, value);
    }
  }
  return config;
}

function inputOf(step: Fields, current: number, lastPing: number): Input {
  const ticket = (step['ticket'] ?? 0) as number;
  const lease = (step['lease'] ?? 0) as number;
  const task = step['task'] as string | undefined;
  const named = task ?? '';
  const generation = (step['generation'] ?? current) as number;
  const text = (name: string) => (step[name] ?? '') as string;
  const failure = (): Failure => ({
    kind: (step['kind'] ?? 'connection_lost') as Failure['kind'],
    message: text('message'),
    httpStatus: step['httpStatus'] as number | undefined,
    retryAfterMs: step['retryAfterMs'] as number | undefined,
    fatal: step['fatal'] === true,
  });
  const what = (step['do'] ?? step['server'] ?? step['driver']) as string;
  switch (what) {
    case 'connect':
      return { type: 'connect', ticket, task };
    case 'reconnect':
    case 'disconnect':
    case 'flush':
      return { type: what, ticket };
    case 'subscribe':
    case 'unsubscribe':
      return { type: what, task: named };
    case 'follow':
    case 'wait':
    case 'track':
    case 'report':
      return { type: 'lease', lease, task: named, kind: what };
    case 'unlease':
      return { type: 'unlease', lease };
    case 'close':
      return step['do']
        ? { type: 'close' }
        : { type: 'closed', generation, code: step['code'] as number | undefined, reason: text('reason') };
    case 'open':
      return { type: 'opened', generation };
    case 'refuse':
      return { type: 'dialFailed', generation, failure: failure() };
    case 'break':
      return { type: 'broken', generation, failure: failure() };
    case 'frame':
      return { type: 'text', generation, text: JSON.stringify(step['data'] ?? null) };
    case 'text':
      return { type: 'text', generation, text: text('text') };
    case 'binary':
      // As a driver reads it, which may cut a character.
      return { type: 'binary', generation, head: Buffer.from(text('text')).subarray(0, SHOWN_BYTES).toString() };
    case 'ping':
      return { type: 'ping', generation };
    case 'pong':
      return { type: 'pong', generation, payload: (step['ping'] ?? lastPing) as number };
    case 'readPaused':
    case 'readResumed':
      return { type: what, generation };
    case 'woke':
      return { type: 'woke', sleptMs: step['sleptMs'] as number };
    case 'online':
    case 'visible':
      return { type: what, value: step['value'] === true };
    case 'credentials': {
      const message = step['fail'] as string | undefined;
      const fatal = step['fatal'] === true;
      return { type: 'credentials', generation, failure: message === undefined ? undefined : { message, fatal } };
    }
    case 'classified':
      return { type: 'classified', generation, disposition: step['disposition'] as Disposition | undefined };
    case 'timeout':
      return { type: 'timeout' };
    default:
      throw new Error(`a step that nobody understands: ${JSON.stringify(step)}`);
  }
}

function draftOf(step: Fields): Draft {
  const message = step['message'] as Fields;
  const { type, taskId = '', timestamp, stage, progress, message: text, level, code, metadata, dataText } = message;
  const raw = (value: Json | undefined) => (value === undefined ? undefined : JSON.stringify(value));
  return {
    type: type as string,
    taskId: taskId as string,
    timestamp: timestamp as number | undefined,
    ack: step['ack'] === true,
    stage: stage as string | undefined,
    progress: typeof progress === 'number' ? progress : undefined,
    message: text as string | undefined,
    level: levelOf((level ?? '') as string),
    metadata: raw(metadata),
    code: code as string | undefined,
    data: typeof dataText === 'string' ? dataText : raw(message['data']),
  };
}

/** How many of a kind came out in a row, for steps with `count`. */
function runs(seen: Fields[]): Fields[] {
  const kinds = ['event', 'settled', 'write', 'ping', 'dial', 'drop', 'close', 'credentials', 'classify'];
  const counted: { counted: string; times: number }[] = [];
  for (const value of seen) {
    const kind = kinds.find((name) => name in value) ?? '';
    const last = counted[counted.length - 1];
    if (last?.counted === kind) {
      last.times++;
    } else {
      counted.push({ counted: kind, times: 1 });
    }
  }
  return counted;
}

/** The fields of `found` that `wanted` names. */
function subset(found: Json, wanted: Json): Json {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) {
    return found;
  }
  const one = (name: string): [string, Json] => {
    const value = (found as Fields)[name];
    if (value === undefined) {
      throw new Error(`there is no statistic ${name}`);
    }
    return [name, subset(value, wanted[name] as Json)];
  };
  return Object.fromEntries(Object.keys(wanted).map(one));
}
