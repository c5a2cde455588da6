/** What hooks keep between renders. */

import { useId, useInsertionEffect, useState } from 'react';

/** The value of the latest render that was shown, for functions that are called later. */
export function useLatest<T>(value: T): () => T {
  const [box] = useState(() => {
    const kept = { value, get: () => kept.value };
    return kept;
  });
  useInsertionEffect(() => {
    box.value = value;
  });
  return box.get;
}

/** A name that no other component has. */
export function useOwnKey(): string {
  const id = useId();
  const [key] = useState(() => `${id}${Math.random()}`);
  return key;
}
