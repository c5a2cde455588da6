/** Queues that may hold very many entries: what was taken from the front is cleared away in bulk. */

/** Entries in the order in which they came. */
export interface Queue<T> {
  items: T[];
  /** How many of them, from the front, are gone. */
  taken: number;
}

/** From how many on they are cleared away. */
const BULK = 1024;

/** A queue of these entries. */
export function queueOf<T>(items: T[]): Queue<T> {
  return { items, taken: 0 };
}

/** How many entries wait. */
export function size({ items, taken }: Queue<unknown>): number {
  return items.length - taken;
}

/** Takes up to so many entries from the front. */
export function take<T>(queue: Queue<T>, most: number): T[] {
  const { items, taken } = queue;
  const first = items.slice(taken, taken + most);
  queue.taken += first.length;
  if (queue.taken >= BULK || queue.taken === items.length) {
    items.splice(0, queue.taken);
    queue.taken = 0;
  }
  return first;
}

/** The entries that wait. */
export function waiting<T>({ items, taken }: Queue<T>): T[] {
  return items.slice(taken);
}
