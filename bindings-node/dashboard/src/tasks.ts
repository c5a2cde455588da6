import { useEffect, useState } from 'react';

/** How often the hub is asked which tasks there are, in milliseconds. */
const ASK_MS = 1000;

/** How many tasks are shown; the hub may know more. */
const MAX_SHOWN = 200;

/** The tasks that the hub has known since the page was opened, by name. */
export function useTasks(token: string | undefined): readonly string[] {
  const [known, setKnown] = useState<readonly string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
    const ask = async () => {
      try {
        const answer = await fetch(`/tasks${query}`, { signal: stop.signal });
        const { tasks } = (await answer.json()) as { tasks: readonly { taskId: string }[] };
        setKnown((before) =>
          merge(
            before,
            tasks.map(({ taskId }) => taskId),
          ),
        );
      } catch {
        // The hub is away, which the state of the link says; it is asked again.
      }
    };
    void ask();
    const timer = setInterval(ask, ASK_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [token]);
  return known;
}

/** Both, the same list where nothing is new. */
function merge(before: readonly string[], found: readonly string[]): readonly string[] {
  const fresh = found.filter((id) => !before.includes(id));
  return fresh.length === 0 ? before : [...before, ...fresh].slice(-MAX_SHOWN);
}
