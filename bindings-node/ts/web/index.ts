/** Steadywire for browsers, React Native, Deno and workers: over the platform's own WebSocket. */

export type { BaseClient, Off } from '../common';
export { EVENT_NAMES, FOLLOW_MAX_BYTES, FOLLOW_MAX_EVENTS, Follow, Task } from '../common';
export { ERROR_CODES, type ErrorKind, SteadywireError } from '../errors';
export * from '../types';
export { Client, Client as WebSocketService, getClient, getWebSocketService, initializeWebSocket } from './client';
