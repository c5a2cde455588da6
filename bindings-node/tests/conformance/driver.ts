/** The driver for JavaScript: does what it is told line by line. tests/conformance/README.md describes the lines. */

import type { BaseClient, Task } from '../../ts/common';
import { SteadywireError } from '../../ts/errors';
import type {
  ConnectionOptions,
  CredentialsRequest,
  EventName,
  Level,
  OutgoingMessage,
  TaskEvent,
} from '../../ts/types';

interface Fields {
  [name: string]: unknown;
}

export type Make = (options: ConnectionOptions) => BaseClient;

const KINDS: EventName[] = [
  ...(['progress', 'log', 'status', 'error', 'complete', 'heartbeat', 'message', 'stateChange'] as const),
  ...(['connected', 'disconnected', 'lost', 'gap', 'overflow'] as const),
];

/** Of a copy of the package that is not this one an error is told by its name. */
type Refusal = Pick<SteadywireError, 'kind'>;

export class Driver {
  private client: BaseClient | undefined;
  private readonly reporters = new Map<string, Task>();

  constructor(
    private readonly make: Make,
    private readonly write: (line: string) => void,
  ) {}

  /** Does what a line says. */
  obey(line: string): void {
    const [name = '', verb = '', ...fields] = line.split('\t');
    try {
      const answer = this.call(verb, fields);
      this.say('called', name);
      if (answer instanceof Promise) {
        this.settle(name, answer);
      } else if (answer !== undefined) {
        this.settle(name, this.collect(name, answer));
      }
    } catch (error) {
      this.say('refused', name, kindOf(error));
    }
  }

  private call(verb: string, fields: string[]): undefined | Promise<unknown> | AsyncIterable<TaskEvent> {
    const [first = '', second = '', third = '', fourth = ''] = fields;
    if (verb === 'client') {
      this.begin(first, fields.slice(1));
      return undefined;
    }
    const client = this.client as BaseClient;
    switch (verb) {
      case 'free':
        client.close();
        this.reporters.clear();
        return undefined;
      case 'connect':
        return client.connect(fields[0]);
      case 'reconnect':
      case 'disconnect':
      case 'flush':
        return client[verb]();
      case 'subscribe':
      case 'unsubscribe':
        client[verb](first);
        return undefined;
      case 'stats':
        return Promise.resolve(client.stats());
      case 'follow':
        return client.follow(first);
      case 'wait':
        return client.wait(first);
      case 'send':
        return client.send(messageOf(second, third, fields.slice(3)), { ack: first === 'true' });
      case 'report':
        this.reporters.set(first, client.report(first));
        return undefined;
    }
    const reporter = this.reporters.get(first) as Task;
    switch (verb) {
      case 'progress':
        quietly(reporter.progress(Number(second), { stage: third, message: fourth }));
        return undefined;
      case 'log':
        quietly(reporter.log(third, { level: second as Level }));
        return undefined;
      case 'status':
        quietly(reporter.status(JSON.parse(second)));
        return undefined;
    }
    // With its end the reporter has done its work.
    this.reporters.delete(first);
    switch (verb) {
      case 'complete':
        return reporter.complete(JSON.parse(second));
      case 'fail':
        return reporter.fail(second, { code: third });
    }
    throw new Error(`nobody understands ${verb}`);
  }

  private begin(url: string, fields: string[]): void {
    const options: Fields = { url };
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [name = '', value = ''] = fields.slice(at, at + 2);
      if (name === 'credentials') {
        options['token'] = (request: CredentialsRequest) => {
          this.say('asked', JSON.stringify(request));
          return value;
        };
      } else {
        options[name] = JSON.parse(value);
      }
    }
    const client = this.make(options as unknown as ConnectionOptions);
    for (const kind of KINDS) {
      client.on(kind, (first: unknown, second?: unknown) => {
        this.say('event', JSON.stringify(inJson((kind === 'stateChange' ? second : first) as TaskEvent)));
      });
    }
    client.on('retry', () => {});
    this.client = client;
  }

  private settle(name: string, answer: Promise<unknown>): void {
    answer.then(
      (value) => this.say('answer', name, JSON.stringify(asAnswer(value))),
      (error) => this.say('failed', name, kindOf(error)),
    );
  }

  private async collect(name: string, events: AsyncIterable<TaskEvent>): Promise<void> {
    for await (const event of events) {
      this.say('followed', name, JSON.stringify(inJson(event)));
    }
  }

  private say(...fields: string[]): void {
    this.write(fields.join('\t'));
  }
}

function messageOf(type: string, taskId: string, words: string[]): OutgoingMessage {
  const [first = '', second = '', third = ''] = words;
  switch (type) {
    case 'progress':
      return { type, taskId, data: { progress: Number(first), stage: second, message: third } };
    case 'log':
      return { type, taskId, data: { level: first, message: second } };
    case 'error':
      return { type, taskId, data: second === '' ? { error: first } : { error: first, code: second } };
  }
  return { type, taskId, data: JSON.parse(first) };
}

/** Of what a reporter says on the way nobody wants the receipt. */
function quietly(receipt: Promise<unknown>): void {
  receipt.catch(() => {});
}

/** An event in the shape that every language logs: without the fields of its data, which stand beside it for people. */
function inJson(event: TaskEvent): Fields {
  const { type, messageType, cause: _, ...rest } = event as unknown as Fields;
  if (type === 'status' || type === 'complete') {
    const { taskId, timestamp, data, synthetic } = rest;
    return { event: type, taskId, timestamp, data, synthetic };
  }
  return { event: type, ...rest, ...(messageType === undefined ? {} : { type: messageType }) };
}

/** Nothing, a receipt, or an outcome, which says `outcome` where JavaScript says `kind`. */
function asAnswer(value: unknown): unknown {
  const { kind, ...rest } = (value ?? {}) as Fields;
  return kind === undefined ? (value ?? null) : { outcome: kind, ...rest };
}

function kindOf(error: unknown): string {
  if (error instanceof SteadywireError || (error as Refusal).kind !== undefined) {
    return (error as Refusal).kind;
  }
  throw error;
}
