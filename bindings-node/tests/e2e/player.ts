/** Plays the client's half of an e2e vector; tests/vectors/README.md describes them. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { BaseClient, Task } from '../../ts/common';
import { SteadywireError } from '../../ts/errors';
import type { ConnectionOptions, EventName, TaskEvent } from '../../ts/types';
import { Program, ROOT } from './server';

interface Fields {
  [name: string]: unknown;
}

interface Step extends Fields {
  do?: string;
  task?: string;
}

interface Vector {
  name: string;
  config?: Fields;
  client: Step[];
  events: Fields[];
}

const KINDS: EventName[] = [
  ...(['progress', 'log', 'status', 'error', 'complete', 'heartbeat', 'message', 'stateChange'] as const),
  ...(['connected', 'disconnected', 'lost', 'gap', 'overflow'] as const),
];

/** Every e2e vector, with its file. */
export function e2eVectors(): [name: string, file: string, vector: Vector][] {
  const folder = new URL('tests/vectors/', ROOT);
  return readdirSync(folder)
    .filter((name) => name.startsWith('e2e-'))
    .flatMap((name) => {
      const file = new URL(name, folder);
      const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
      return vectors.map((vector): [string, string, Vector] => [vector.name, file.pathname, vector]);
    });
}

/** Plays a vector with a client that `make` makes, against the scripted server. */
export async function play(
  file: string,
  vector: Vector,
  make: (options: ConnectionOptions) => BaseClient,
): Promise<void> {
  const server = new Program('steadywire-faults', file, vector.name);
  let client: BaseClient | undefined;
  try {
    const url = await server.line();
    const config = { reconnectInterval: 5, maxReconnectBackoff: 20, conflate: 'never', seed: 1, ...vector.config };
    client = make({ ...config, url } as ConnectionOptions);
    const steps = new Steps(client);
    for (const step of vector.client) {
      await steps.play(step);
    }
    expect(await server.line()).toBe('finished');
    while (steps.events.length < vector.events.length) {
      await steps.more();
    }
    expect(steps.events).toMatchObject(vector.events);
    await client.disconnect();
    await steps.end();
  } finally {
    client?.close();
    const [status, said] = await server.end();
    expect(status, said).toBe(0);
  }
}

/** A call, and whether it is settled. */
interface Begun {
  readonly answer: Promise<unknown>;
  settled: boolean;
}

class Steps {
  readonly events: Fields[] = [];
  private at = 0;
  private readonly calls = new Map<string, Begun>();
  private readonly reporters = new Map<string, Task>();
  private came: () => void = () => {};

  constructor(private readonly client: BaseClient) {
    for (const kind of KINDS) {
      client.on(kind, (first: unknown, second?: unknown) => {
        this.events.push(inJson((kind === 'stateChange' ? second : first) as TaskEvent));
        this.came();
      });
    }
  }

  more(): Promise<void> {
    return new Promise((resolve) => {
      this.came = resolve;
    });
  }

  async play(step: Step): Promise<void> {
    const { await: awaited } = step;
    if (awaited === 'event') {
      await this.event(step['match'] as Fields);
    } else if (typeof awaited === 'string') {
      const name = String(step['of'] ?? awaited);
      const call = this.calls.get(name);
      this.calls.delete(name);
      await settle(call as Begun, step);
    } else {
      await this.begin(step);
    }
  }

  /** All that was sent has its receipt. */
  async end(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (const [name, call] of this.calls) {
      expect(call.settled || name !== 'send', name).toBe(true);
    }
  }

  private async begin(step: Step): Promise<void> {
    let answer: unknown;
    try {
      answer = this.call(step);
      if (step['refused'] !== undefined) {
        // Where there is a promise the refusal is in it.
        await answer;
      }
    } catch (error) {
      expect(kindOf(error)).toBe(step['refused']);
      return;
    }
    expect(step['refused']).toBeUndefined();
    if (!(answer instanceof Promise)) {
      return;
    }
    const call: Begun = { answer, settled: false };
    const done = () => {
      call.settled = true;
    };
    answer.then(done, done);
    if (step['await'] === true) {
      await settle(call, step);
    } else {
      this.calls.set(String(step['as'] ?? step.do), call);
    }
  }

  private call(step: Step): unknown {
    const { client } = this;
    const { task = '' } = step;
    switch (step.do) {
      case 'connect':
        return client.connect(step.task);
      case 'reconnect':
      case 'disconnect':
      case 'flush':
        return client[step.do]();
      case 'subscribe':
      case 'unsubscribe':
        return client[step.do](task);
      case 'follow':
        return collect(client.follow(task));
      case 'wait':
        return client.wait(task);
      case 'send':
        return client.send(asMessage(step['message'] as Fields), { ack: step['ack'] === true });
      case 'report':
        this.reporters.set(task, client.report(task));
        return undefined;
      case 'complete':
        return this.reporters.get(task)?.complete(step['data']);
    }
    throw new Error(`a step that nobody understands: ${step.do}`);
  }

  private async event(part: Fields): Promise<void> {
    for (;;) {
      while (this.at < this.events.length) {
        if (isPart(part, this.events[this.at++])) {
          return;
        }
      }
      await this.more();
    }
  }
}

async function settle(call: Begun, step: Step): Promise<void> {
  let answer: unknown;
  try {
    answer = await call.answer;
  } catch (error) {
    expect(kindOf(error), String(error)).toBe(step['fails']);
    return;
  }
  expect(step['fails']).toBeUndefined();
  for (const name of ['outcome', 'receipt', 'followed']) {
    if (step[name] !== undefined) {
      const { kind, ...rest } = answer as Fields;
      expect(name === 'outcome' ? { outcome: kind, ...rest } : answer).toMatchObject(step[name] as Fields);
    }
  }
}

async function collect(events: AsyncIterable<TaskEvent>): Promise<Fields[]> {
  const all: Fields[] = [];
  for await (const event of events) {
    all.push(inJson(event));
  }
  return all;
}

function asMessage({ type, taskId = '', data, dataText: _, ...fields }: Fields) {
  const words = Object.keys(fields).length > 0 ? fields : data;
  return { type, taskId, data: words } as { type: string; taskId: string };
}

function inJson(event: TaskEvent): Fields {
  const { type, messageType, ...rest } = event as { type: string; messageType?: string };
  const fields: Fields = { event: type, ...rest, ...(messageType === undefined ? {} : { type: messageType }) };
  // As the vectors write it: what is not there is null.
  const known = (value: unknown) => (value === undefined ? null : value);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, name === 'synthetic' && !value ? null : known(value)]),
  );
}

function kindOf(error: unknown): unknown {
  if (error instanceof SteadywireError) {
    return error.kind;
  }
  throw error;
}

function isPart(wanted: unknown, found: unknown): boolean {
  try {
    expect(found).toMatchObject(wanted as Fields);
    return true;
  } catch {
    return false;
  }
}
