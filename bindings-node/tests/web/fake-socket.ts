/** A WebSocket class whose network is the test. */

import type { WebSocketLike } from '../../ts/types';

export class FakeSocket implements WebSocketLike {
  static made: FakeSocket[] = [];
  binaryType = 'blob';
  bufferedAmount = 0;
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  readonly sent: { type: string; taskId: string; data?: { action?: string } }[] = [];
  readonly closes: (number | undefined)[] = [];

  constructor(
    readonly url: string,
    readonly protocols?: string | string[],
  ) {
    FakeSocket.made.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.made[FakeSocket.made.length - 1] as FakeSocket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code?: number): void {
    this.closes.push(code);
  }

  open(): void {
    this.onopen?.({} as never);
  }

  say(data: unknown): void {
    this.onmessage?.({ data } as never);
  }

  frame(type: string, taskId: string, data: unknown): void {
    this.say(JSON.stringify({ type, taskId, timestamp: 1, data }));
  }

  closed(code: number, reason = ''): void {
    this.onclose?.({ code, reason } as never);
  }
}
