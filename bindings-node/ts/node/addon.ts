/** The native half: what it offers, and how it is found. */

import { SteadywireError } from '../errors';

/** One client in the addon; see `bindings-node/src/native.rs`. Where a call is refused it throws, `code` = the kind. */
export interface Native {
  drain(max: number, ints: Int32Array, floats: Float64Array, text: Uint8Array): number;
  want(kinds: number): void;
  wantAll(): void;
  hold(on: boolean): void;
  connect(ticket: number, task: string | undefined): void;
  reconnect(ticket: number): void;
  disconnect(ticket: number): void;
  flush(ticket: number): void;
  subscribe(task: string): void;
  unsubscribe(task: string): void;
  close(): void;
  lease(lease: number, task: string, kind: string): void;
  unlease(lease: number): void;
  send(
    ticket: number,
    kind: string,
    task: string,
    ack: boolean,
    timestamp: number | undefined,
    progress: number,
    text: string,
    word: string,
    data: string | undefined,
  ): void;
  state(): string;
  currentTaskId(): string | null;
  stats(): string;
  cursors(): string;
  question(): string | null;
  answerCredentials(
    id: number,
    url: string | undefined,
    token: string | undefined,
    headers: [string, string][] | undefined,
    protocols: readonly string[] | undefined,
  ): void;
  refuseCredentials(id: number, message: string, fatal: boolean): void;
  answerMeaning(id: number, disposition: string | undefined): void;
}

/** What the addon exports. */
export interface Addon {
  readonly Native: new (options: string, credentials: boolean, classify: boolean, wake: () => void) => Native;
  layout(): string;
  errorKinds(): string;
  version(): string;
}

/** The version of this package, put in when it is built: the addon has to be of the same. */
declare const STEADYWIRE_VERSION: string;

let loaded: Addon | undefined;

/**
 * The addon, loaded by the first call.
 *
 * @throws {SteadywireError} `unsupported` where there is none for this platform, with what was tried.
 */
export function addon(): Addon {
  loaded ??= load(process.platform, process.arch, require);
  return loaded;
}

/** For tests: loads with any `require`, as if on any platform. */
export function load(platform: string, arch: string, find: (name: string) => unknown): Addon {
  const tried: string[] = [];
  let cause: unknown;
  for (const name of candidates(platform, arch)) {
    try {
      const found = find(name) as Addon;
      const version = found.version();
      if (version === STEADYWIRE_VERSION) {
        return found;
      }
      tried.push(`${name}: it is of version ${version}, this package of ${STEADYWIRE_VERSION}`);
    } catch (error) {
      cause = error;
      tried.push(`${name}: ${firstLine(error)}`);
    }
  }
  throw new SteadywireError(
    'unsupported',
    `steadywire has no native addon for ${platform} ${arch} here. Tried ${tried.join('; ')}. ` +
      'Install again without --omit=optional and on the platform it runs on, or name an addon in STEADYWIRE_ADDON; ' +
      "without one, import { Client } from 'steadywire/web', which needs no addon and runs on the platform's WebSocket",
    cause,
  );
}

/** Where it may be; npm installs the one that fits. */
function candidates(platform: string, arch: string): string[] {
  const named = process.env['STEADYWIRE_ADDON'];
  if (named) {
    return [named];
  }
  const kinds = platform === 'linux' ? ['-gnu', '-musl'] : platform === 'win32' ? ['-msvc'] : [''];
  return kinds.map((kind) => `@steadywire/${platform}-${arch}${kind}`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
