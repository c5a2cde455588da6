/** What the page and the network do: shown and hidden, online and offline, put away and brought back. */

/** What the driver is told. */
export interface Witness {
  visible(value: boolean): void;
  online(value: boolean): void;
  /** The page goes into the cache of the browser: a link would keep it from there. */
  putAway(): void;
  /** The page runs again after so many milliseconds. */
  resumed(sleptMs: number): void;
}

type Source = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** Begins to watch, and tells what is now. Returns what ends it. Where there is no page there is nothing to watch. */
export function watch(witness: Witness): () => void {
  const { document: page, navigator } = globalThis as { document?: Document; navigator?: Navigator };
  const world = globalThis as Partial<Source>;
  let stopped = 0;
  const isShown = () => page?.visibilityState !== 'hidden';
  const halt = () => {
    stopped = Date.now();
  };
  const resume = () => {
    if (stopped !== 0) {
      const slept = Math.max(Date.now() - stopped, 0);
      stopped = 0;
      witness.resumed(slept);
    }
  };
  const off = [
    listen(page, 'visibilitychange', () => witness.visible(isShown())),
    listen(page, 'freeze', halt),
    listen(page, 'resume', resume),
    listen(world, 'online', () => witness.online(true)),
    listen(world, 'offline', () => witness.online(false)),
    listen(world, 'pagehide', (event) => {
      if ((event as PageTransitionEvent).persisted) {
        halt();
        witness.putAway();
      }
    }),
    listen(world, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted) {
        resume();
      }
    }),
  ];
  witness.visible(isShown());
  witness.online(navigator?.onLine !== false);
  return () => {
    for (const one of off) {
      one();
    }
  };
}

function listen(
  source: Partial<Source> | undefined,
  name: string,
  listener: (event: globalThis.Event) => void,
): () => void {
  if (typeof source?.addEventListener !== 'function') {
    return () => {};
  }
  source.addEventListener(name, listener);
  return () => source.removeEventListener?.(name, listener);
}
