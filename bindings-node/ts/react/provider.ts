/** A connection for all components below. */

import { createContext, createElement, type ReactElement, type ReactNode, useContext, useEffect, useMemo } from 'react';
import type { BaseClient } from '../common';
import { useLatest, useOwnKey } from './latest';
import { connectionOf, type SharedOptions, type Source, sourceOf, sourceOfClient } from './source';

/** The options of a connection, or a client that somebody else owns. */
export interface SteadywireProviderProps extends SharedOptions {
  readonly client?: BaseClient | undefined;
  readonly children?: ReactNode;
}

const Context = createContext<Source | undefined>(undefined);

/**
 * Gives its connection to the hooks below that name no `url`. It owns a client, made when it is mounted and ended one
 * second after it is gone, or hands on the `client` it is given, which stays the caller's.
 */
export function SteadywireProvider(props: SteadywireProviderProps): ReactElement {
  const { client, children } = props;
  const own = useOwnKey();
  const latest = useLatest(props);
  const named = sourceOf(props, latest, own);
  const key = client ?? named?.key;
  const source = useMemo(() => (client ? sourceOfClient(client) : named), [key]);
  useEffect(() => source && connectionOf(source).hold(source.latest), [source]);
  return createElement(Context.Provider, { value: source }, children);
}

/** The provider's connection. */
export function useProvided(): Source | undefined {
  return useContext(Context);
}
