/** A program in React Native, for its types: the class of the platform fits, and nothing of a page is needed. */

import { Client, type Outcome, SteadywireError } from 'steadywire';
import { useTask } from 'steadywire/react';

/** React Native sends headers; a class of one's own can. */
class WithHeaders extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols, { headers: { 'X-App': '7' } });
  }
}

export function follow(taskId: string): Promise<Outcome> {
  const client = new Client({ url: 'wss://example.org/ws', WebSocket });
  client.on('error', ({ source, message }) => `${source}: ${message}`);
  const { signal } = new AbortController();
  return client.wait(taskId, { signal });
}

export async function report(taskId: string): Promise<void> {
  await using client = new Client({ url: 'wss://example.org/ws', WebSocket: WithHeaders });
  await using task = client.report(taskId);
  await task.complete();
}

export function usePercentage(taskId: string): number {
  return useTask(taskId, (task) => task.progressPercentage, { url: 'wss://example.org/ws', WebSocket: WithHeaders });
}

export function isRetryable(error: unknown): boolean {
  return error instanceof SteadywireError && error.isRetryable();
}
