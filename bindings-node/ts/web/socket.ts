/** One transport: a WebSocket of the platform, with what is told of it. */

import type { WebSocketClass, WebSocketLike } from '../types';

/** What the driver is told. After `opened` comes `closed` at last; without it, `failed`. */
export interface Told {
  opened(): void;
  text(text: string): void;
  /** A binary message, and its size in bytes. */
  binary(data: unknown): void;
  failed(reason: string): void;
  /** 1006 = without a close frame; `undefined` = a close frame without a code. */
  closed(code: number | undefined, reason: string): void;
}

/** How many bytes may wait in the platform's buffer before writing pauses. */
export const HIGH_WATER = 64 << 10;

const nothing = () => {};

/** A WebSocket that is being opened, is open or is being closed. */
export class Socket {
  private readonly socket: WebSocketLike;
  private isOpen = false;
  private trouble = '';

  /** @throws what the platform throws: an address or subprotocol that it does not take. */
  constructor(make: WebSocketClass, url: string, protocols: readonly string[], told: Told) {
    const socket = protocols.length > 0 ? new make(url, [...protocols]) : new make(url);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.isOpen = true;
      told.opened();
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (typeof data === 'string') {
        told.text(data);
      } else {
        told.binary(data);
      }
    };
    // Browsers do not tell what went wrong; other platforms may.
    socket.onerror = ({ message }: { message?: unknown }) => {
      this.trouble = typeof message === 'string' ? message : '';
    };
    socket.onclose = ({ code, reason }: { code: number; reason: unknown }) => {
      this.detach();
      const text = typeof reason === 'string' ? reason : '';
      if (this.isOpen) {
        told.closed(code === 1005 ? undefined : code, text || (code === 1006 ? this.trouble : ''));
      } else {
        told.failed(this.trouble || text);
      }
    };
  }

  /** Whether it takes a frame now. */
  isReady(): boolean {
    return (this.socket.bufferedAmount ?? 0) <= HIGH_WATER;
  }

  /** @throws what the platform throws where it is not open. */
  send(text: string): void {
    this.socket.send(text);
  }

  /** Sends a close frame; `closed` follows, unless it is dropped before. */
  close(code: number): void {
    this.socket.close(code);
  }

  /** Lets go of it at once. Nothing of it is told any more. */
  drop(code?: number): void {
    this.detach();
    const { socket } = this;
    try {
      // Of the package `ws`: without waiting for the peer.
      const { terminate } = socket as { terminate?: () => void };
      if (terminate && code === undefined) {
        terminate.call(socket);
      } else {
        socket.close(code);
      }
    } catch {
      // It was closed already.
    }
  }

  private detach(): void {
    const { socket } = this;
    // An error must have somebody to go to on some platforms.
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = nothing;
  }
}
