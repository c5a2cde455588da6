/**
 * Tabs of a real Chromium that are hidden when another is in front. Playwright keeps every page of its own focused, and
 * with it visible: here the browser is spoken to without it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { CHROMIUM, FLAGS } from './pages';

type Fields = { readonly [name: string]: unknown };

interface Answer {
  readonly id?: number;
  readonly result: Fields;
  readonly error?: { readonly message: string };
}

interface Waiter {
  resolve(result: Fields): void;
  reject(error: Error): void;
}

/** A browser with one window. */
export class Tabs {
  private last = 0;
  private readonly waiters = new Map<number, Waiter>();

  private constructor(
    private readonly program: ChildProcess,
    private readonly socket: WebSocket,
    private readonly profile: string,
  ) {
    socket.on('message', (text) => {
      const { id, result, error } = JSON.parse(String(text)) as Answer;
      const waiter = this.waiters.get(id ?? 0);
      this.waiters.delete(id ?? 0);
      if (error) {
        waiter?.reject(new Error(error.message));
      } else {
        waiter?.resolve(result);
      }
    });
  }

  static async launch(): Promise<Tabs> {
    const profile = mkdtempSync(join(tmpdir(), 'steadywire-'));
    const flags = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
    const program = spawn(CHROMIUM, [...FLAGS, ...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    for await (const line of createInterface({ input: program.stderr })) {
      const [, address] = /^DevTools listening on (.*)$/.exec(line) ?? [];
      said += `${line}\n`;
      if (address) {
        const socket = new WebSocket(address);
        await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
        program.stderr.resume();
        return new Tabs(program, socket, profile);
      }
    }
    throw new Error(`Chromium did not start: ${said}`);
  }

  /** Opens a tab in front of the others. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.send('Target.createTarget', { url });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    return new Tab(this, String(targetId), String(sessionId));
  }

  /** @internal */
  send(method: string, params: Fields, sessionId?: string): Promise<Fields> {
    return new Promise((resolve, reject) => {
      this.waiters.set(++this.last, { resolve, reject });
      this.socket.send(JSON.stringify({ id: this.last, method, params, sessionId }));
    });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.program.on('close', resolve));
    this.socket.close();
    this.program.kill();
    await ended;
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/** One tab. */
export class Tab {
  constructor(
    private readonly tabs: Tabs,
    private readonly target: string,
    private readonly session: string,
  ) {}

  /** What an expression is in the page, as a text. */
  async text(expression: string): Promise<string> {
    const { result } = await this.tabs.send('Runtime.evaluate', { expression }, this.session);
    return String((result as Fields)['value']);
  }

  async bringToFront(): Promise<void> {
    await this.tabs.send('Target.activateTarget', { targetId: this.target });
  }
}
