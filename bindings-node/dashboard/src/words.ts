import type { ConnectionState, TaskStatus } from 'steadywire/react';

/** The state of the link, for people. */
export function sentence(state: ConnectionState, problem: string | undefined): string {
  switch (state) {
    case 'connected':
      return 'Connected: this is live.';
    case 'connecting':
      return problem ? 'The hub does not answer. Trying again.' : 'Connecting to the hub.';
    case 'reconnecting':
      return 'The link to the hub is lost and is being restored. What is shown may be old.';
    case 'disconnected':
      return 'Not connected.';
    case 'error':
      return `Stopped: ${problem ?? 'the hub refused'}.`;
  }
}

/** How a task is, for people. */
export function statusWord({ status, stalled }: { status: TaskStatus; stalled: boolean }): string {
  return status === 'running' && stalled ? 'has said nothing for a while' : STATUS[status];
}

/** Stage, percentage, rate and what is still to come. */
export function facts(stage: string, percent: number, rate: number | undefined, eta: number | undefined): string {
  return [
    stage,
    `${percent.toFixed(percent % 1 === 0 ? 0 : 1)} %`,
    rate !== undefined && eta !== undefined ? `${rate.toFixed(1)} % per second` : '',
    eta !== undefined ? `${duration(eta)} left` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

const STATUS: { readonly [Status in TaskStatus]: string } = {
  unknown: 'waiting for news',
  running: 'running',
  complete: 'complete',
  error: 'failed',
  lost: 'lost',
};

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return seconds < 60
    ? `${seconds} s`
    : minutes < 60
      ? `${minutes} min`
      : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
