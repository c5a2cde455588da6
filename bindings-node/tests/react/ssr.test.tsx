import { act, waitFor } from '@testing-library/react';
import { StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { SteadywireProvider, useProgressTracking, useTask, useWebSocket } from '../../ts/react';
import { Server } from './server';

test('on the server it renders what is known of nothing, without a socket; hydration changes it without a warning', async () => {
  const server = new Server();
  const url = await server.url();
  const errors = vi.spyOn(console, 'error');
  function App() {
    const { connectionState } = useWebSocket({ url });
    const { progressPercentage } = useProgressTracking('t');
    const stage = useTask('t', (task) => task.currentStage);
    return <p>{`${connectionState} ${progressPercentage} ${stage}`}</p>;
  }
  const page = (
    <StrictMode>
      <SteadywireProvider url={url}>
        <App />
      </SteadywireProvider>
    </StrictMode>
  );
  const html = renderToString(page);
  expect(html).toBe('<p>disconnected 0 </p>');
  expect(server.accepted).toBe(0);
  const container = document.body.appendChild(document.createElement('div'));
  container.innerHTML = html;
  const root = await act(async () => hydrateRoot(container, page));
  await server.subscribed('t');
  await act(async () => server.progress('t', 3));
  await waitFor(() => expect(container.textContent).toBe('connected 3 train'));
  expect(errors.mock.calls).toEqual([]);
  await act(async () => root.unmount());
  await server.until(() => server.links.length === 0);
  await server.close();
});
