/** A WebSocket server of the test's own, over a library that nobody here wrote. */

import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Server {
  readonly url: string;
  /** The next connection. */
  link(): Promise<WebSocket>;
  /** How many connections are open. */
  open(): number;
  stop(): Promise<void>;
}

/** What each connection has said. */
const received = new WeakMap<WebSocket, Message[]>();

/** A server that does nothing but accept. */
export async function startServer(): Promise<Server> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const links: WebSocket[] = [];
  const waiting: ((link: WebSocket) => void)[] = [];
  server.on('connection', (link) => {
    const all: Message[] = [];
    received.set(link, all);
    link.on('message', (data) => all.push(JSON.parse(String(data)) as Message));
    const take = waiting.shift();
    if (take) {
      take(link);
    } else {
      links.push(link);
    }
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    link: () => {
      const link = links.shift();
      return link ? Promise.resolve(link) : new Promise((resolve) => waiting.push(resolve));
    },
    open: () => server.clients.size,
    stop: async () => {
      for (const link of server.clients) {
        link.terminate();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const progress = (value: number, taskId = 't', message = '') =>
  frame('progress', taskId, { progress: value, stage: 's', message });

export const log = (message: string, taskId = 't') => frame('log', taskId, { level: 'info', message });

export const complete = (data: unknown = { answer: 42 }, taskId = 't') => frame('complete', taskId, data);

function frame(type: string, taskId: string, data: unknown): string {
  return JSON.stringify({ type, taskId, timestamp: 7, data });
}

/** The first message of a connection for which `accept` holds. */
export async function heard(link: WebSocket, accept: (message: Message) => boolean): Promise<Message> {
  for (;;) {
    const found = received.get(link)?.find(accept);
    if (found) {
      return found;
    }
    await new Promise((resolve) => link.once('message', resolve));
  }
}

/** Waits until the connection has subscribed to a task. */
export async function subscribed(link: WebSocket): Promise<void> {
  await heard(link, (message) => message.data?.action === 'subscribe');
}

/** Waits until the other side has read all that was sent, and has answered. */
export async function answered(link: WebSocket): Promise<void> {
  const pong = new Promise((resolve) => link.once('pong', resolve));
  link.ping();
  await pong;
}

export interface Message {
  readonly type: string;
  readonly taskId: string;
  readonly id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: it is any JSON
  readonly data: any;
}
