'use client';

/** Steadywire for React 18.2 and later: hooks over connections that components share. */

export type { BaseClient } from '../common';
export { type ErrorKind, SteadywireError } from '../errors';
export * from '../types';
export { Client, Client as WebSocketService, getClient, getWebSocketService, initializeWebSocket } from '../web/client';
export {
  type Calls,
  type UseWebSocketOptions,
  useProgressTracking,
  useTask,
  useWebSocket,
  type WebSocketState,
} from './hooks';
export { SteadywireProvider, type SteadywireProviderProps } from './provider';
export type { SharedOptions } from './source';
export type { TaskSnapshot, TaskStatus } from './task';
