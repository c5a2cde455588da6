/** One bar: the link, the percentage, and how the task is. */

import { createRoot } from 'react-dom/client';
import { useProgressTracking } from '../../../ts/react';

const url = new URLSearchParams(location.search).get('url') ?? '';

function Bar() {
  const { connectionState, progressPercentage, status } = useProgressTracking('build-7', { url });
  return <p>{`${connectionState} ${progressPercentage} ${status}`}</p>;
}

createRoot(document.getElementById('root') as HTMLElement).render(<Bar />);
