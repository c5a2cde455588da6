/** A new macrotask soon, without the 4 ms that nested timers wait and the second they wait in a hidden page. */

type Run = () => void;

declare const setImmediate: ((run: Run) => unknown) | undefined;

let channel: MessageChannel | undefined;
const waiting: Run[] = [];

/** Calls `run` in a new macrotask. */
export function macrotask(run: Run): void {
  if (typeof setImmediate === 'function') {
    setImmediate(run);
  } else if (typeof MessageChannel === 'function') {
    if (!channel) {
      channel = new MessageChannel();
      channel.port1.onmessage = () => waiting.shift()?.();
    }
    waiting.push(run);
    channel.port2.postMessage(0);
  } else {
    setTimeout(run, 0);
  }
}
