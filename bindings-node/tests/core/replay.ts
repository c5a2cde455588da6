/**
 * Plays traces again, lives of sessions that the simulator wrote: JSON Lines, one trace a line (tests/vectors/README.md).
 *
 * As a program: `npm run replay -- FILE`, or from standard input without a file. It says how many traces and steps
 * were the same, or where the first difference is, and then fails.
 */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './json';
import { play } from './player';

/** How far the traces were played. */
export interface Replayed {
  traces: number;
  steps: number;
  /** Where something else came out than the trace says, and what. Nothing is played after that. */
  difference: string | undefined;
}

/** Plays one trace after the other, and holds one at a time. */
export async function replay(lines: AsyncIterable<string>): Promise<Replayed> {
  const replayed: Replayed = { traces: 0, steps: 0, difference: undefined };
  for await (const line of lines) {
    const trace = JSON.parse(line) as Fields;
    const wanted = trace['steps'] as Fields[];
    let at = 0;
    for (const played of play(trace)) {
      if (!isDeepStrictEqual(played, wanted[at])) {
        replayed.difference = `${trace['name']}, step ${at}: ${differenceOf(wanted[at] as Fields, played)}`;
        return replayed;
      }
      at++;
    }
    replayed.steps += at;
    replayed.traces++;
  }
  return replayed;
}

/** The lines of a file, or of standard input. */
export function linesOf(path: string | undefined): AsyncIterable<string> {
  const input = path === undefined ? process.stdin : createReadStream(path);
  return createInterface({ input, crlfDelay: Infinity });
}

/** The fields that differ; of what came out the first, with both sides. */
function differenceOf(wanted: Fields, found: Fields): string {
  const { expect: _, ...step } = wanted;
  const lines = [JSON.stringify(step)];
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    const [one, other] = [wanted[name], found[name]];
    if (isDeepStrictEqual(one, other)) {
      continue;
    }
    const [left, right] = [listOf(one), listOf(other)];
    let at = 0;
    while (at < left.length && isDeepStrictEqual(left[at], right[at])) {
      at++;
    }
    const which = Array.isArray(one) ? `${name} ${at}` : name;
    lines.push(`${which} wanted ${JSON.stringify(left[at])}`, `${which} found  ${JSON.stringify(right[at])}`);
  }
  return lines.join('\n  ');
}

function listOf<T>(value: T | T[] | undefined): (T | undefined)[] {
  return Array.isArray(value) ? value : [value];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { traces, steps, difference } = await replay(linesOf(process.argv[2]));
  console.log(difference ?? `${traces} traces with ${steps} steps, all the same`);
  process.exitCode = difference === undefined && traces > 0 ? 0 : 1;
}
