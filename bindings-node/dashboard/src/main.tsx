/** The dashboard of a hub: its tasks, live. It uses only what `steadywire/react` gives everybody. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { SteadywireProvider } from 'steadywire/react';
import { Page } from './Page';

const { protocol, host, search } = location;
const token = new URLSearchParams(search).get('token') ?? undefined;

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <SteadywireProvider
      url={`${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/ws`}
      token={token}
      reconnectInterval={500}
      maxReconnectBackoff={5000}
    >
      <Page token={token} />
    </SteadywireProvider>
  </StrictMode>,
);
