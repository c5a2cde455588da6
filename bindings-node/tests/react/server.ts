/** A server that knows none of our extensions: it notes what it is told and says what the test says. */

import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

type Frame = { type: string; taskId: string; data?: { action?: string } & Record<string, unknown> };
type Link = { send(text: string): void; terminate(): void };

export class Server {
  readonly links: Link[] = [];
  readonly frames: Frame[] = [];
  /** How many links there were at all. */
  accepted = 0;
  /** Its own: a client of another test may still look for a server that had the same port. */
  private readonly path = `/ws-${randomUUID()}`;
  private readonly sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', path: this.path });
  private waiting: (() => void)[] = [];

  constructor() {
    this.sockets.on('connection', (link) => {
      this.accepted++;
      this.links.push(link);
      link.on('message', (text) => {
        this.frames.push(JSON.parse(String(text)) as Frame);
        this.changed();
      });
      link.on('close', () => {
        this.links.splice(this.links.indexOf(link), 1);
        this.changed();
      });
      this.changed();
    });
  }

  async url(): Promise<string> {
    if (!this.sockets.address()) {
      await new Promise((resolve) => this.sockets.once('listening', resolve));
    }
    return `ws://127.0.0.1:${(this.sockets.address() as AddressInfo).port}${this.path}`;
  }

  /** Waits until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Waits until so many more subscriptions to a task have come, counted from the beginning. */
  subscribed(taskId: string, times = 1): Promise<void> {
    return this.until(() => this.count('subscribe', taskId) >= times);
  }

  count(action: string, taskId: string): number {
    return this.frames.filter((frame) => frame.taskId === taskId && frame.data?.action === action).length;
  }

  progress(taskId: string, progress: number, stage = 'train', timestamp = Date.now()): void {
    this.say('progress', taskId, { taskId, stage, progress, message: 'm', timestamp });
  }

  log(taskId: string, message: string): void {
    this.say('log', taskId, { taskId, level: 'info', message, timestamp: Date.now() });
  }

  say(type: string, taskId: string, data: unknown): void {
    for (const link of this.links) {
      link.send(JSON.stringify({ type, taskId, timestamp: Date.now(), data }));
    }
  }

  /** Cuts every link without a word. */
  cut(): void {
    for (const link of [...this.links]) {
      link.terminate();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.sockets.close(resolve));
  }

  private changed(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resume of waiting) {
      resume();
    }
  }
}
