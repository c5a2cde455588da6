/** A set of tasks in the order of a number of each: a heap in which every entry knows its place. */

import type { Task } from './tasks';

/** The place of one task in one set. */
export interface Entry {
  readonly task: Task;
  /** What it is sorted by; of equal ones the older task comes first. `Infinity`: it is not in the set. */
  at: number;
  index: number;
}

/** The place of a task that is not in the set yet. */
export function entryOf(task: Task): Entry {
  return { task, at: Infinity, index: 0 };
}

/** Moves the entry to its place by `at`, into the set or out of it. */
export function move(heap: Entry[], entry: Entry, at: number): void {
  if (entry.at === at) {
    return;
  }
  if (entry.at === Infinity) {
    entry.index = heap.length;
    heap.push(entry);
  }
  entry.at = at;
  if (at === Infinity) {
    const last = heap.pop() as Entry;
    if (last !== entry) {
      sift(heap, last, entry.index);
    }
  } else {
    sift(heap, entry, entry.index);
  }
}

/** Puts the entry at `index` and lets it rise or sink from there. */
function sift(heap: Entry[], entry: Entry, index: number): void {
  const put = (one: Entry, to: number) => {
    heap[to] = one;
    one.index = to;
  };
  while (index > 0) {
    const up = (index - 1) >> 1;
    const above = heap[up] as Entry;
    if (before(above, entry)) {
      break;
    }
    put(above, index);
    index = up;
  }
  for (;;) {
    let next = 2 * index + 1;
    const left = heap[next];
    const right = heap[next + 1];
    if (left === undefined) {
      break;
    }
    let below = left;
    if (right !== undefined && before(right, left)) {
      below = right;
      next++;
    }
    if (before(entry, below)) {
      break;
    }
    put(below, index);
    index = next;
  }
  put(entry, index);
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.task.key < b.task.key);
}
