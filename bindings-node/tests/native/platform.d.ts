/** What React Native declares of the names that the package's types use: no DOM, and less of a WebSocket. */

interface Event {
  readonly type: string;
}

interface EventTarget {
  dispatchEvent(event: Event): boolean;
}

interface WebSocketMessageEvent extends Event {
  // biome-ignore lint/suspicious/noExplicitAny: so it is declared there
  data?: any;
}

interface WebSocketErrorEvent extends Event {
  message: string;
}

interface WebSocketCloseEvent extends Event {
  code?: number | undefined;
  reason?: string | undefined;
  message?: string | undefined;
}

interface WebSocket extends EventTarget {
  readonly readyState: number;
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  close(code?: number, reason?: string): void;
  ping(): void;
  onopen: (() => void) | null;
  onmessage: ((event: WebSocketMessageEvent) => void) | null;
  onerror: ((event: WebSocketErrorEvent) => void) | null;
  onclose: ((event: WebSocketCloseEvent) => void) | null;
}

declare var WebSocket: {
  prototype: WebSocket;
  new (
    uri: string,
    protocols?: string | string[] | null,
    options?: { headers: { [name: string]: string } } | null,
  ): WebSocket;
};

declare class AbortSignal implements EventTarget {
  readonly aborted: boolean;
  readonly reason: unknown;
  dispatchEvent(event: Event): boolean;
}

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
