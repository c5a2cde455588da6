import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Bar } from './Bar';

const id = new URLSearchParams(location.search).get('task') ?? 'build-7';

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Bar id={id} />
  </StrictMode>,
);
