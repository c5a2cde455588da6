import { useProgressTracking } from 'steadywire/react';

export function Bar({ id }: { id: string }) {
  const { progressPercentage } = useProgressTracking(id, { url: 'ws://127.0.0.1:8080/ws' });
  return <progress max={100} value={progressPercentage} />;
}
