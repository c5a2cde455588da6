import { useWebSocket } from 'steadywire/react';
import { TaskCard } from './TaskCard';
import { useTasks } from './tasks';
import { sentence } from './words';

/** The state of the link in a sentence, and a card for each task. */
export function Page({ token }: { token: string | undefined }) {
  const { connectionState, error, reconnect } = useWebSocket();
  const tasks = useTasks(token);
  return (
    <>
      <header>
        <h1>Tasks</h1>
        <p role="status" data-state={connectionState}>
          {sentence(connectionState, error?.message)}
        </p>
        {connectionState === 'error' && (
          <button type="button" onClick={reconnect}>
            Try again
          </button>
        )}
      </header>
      <main>
        {tasks.length === 0 ? (
          <p>
            No task yet. <code>steadywire run --task build-7 -- make</code> starts one.
          </p>
        ) : (
          <ul>
            {tasks.map((id) => (
              <TaskCard key={id} id={id} />
            ))}
          </ul>
        )}
      </main>
    </>
  );
}
