/** What the program is asked: credentials before an attempt, and what an end means. */

import { failureOf, isCollection } from '../common';
import { SteadywireError } from '../errors';
import type { CredentialsRequest, Ending } from '../types';
import type { Native } from './addon';
import { GIVEN, type Settings } from './options';

type Question =
  | ({ readonly id: number; readonly asks: 'credentials' } & CredentialsRequest)
  | ({ readonly id: number; readonly asks: 'classify' } & Ending);

/** Fetches what is asked and calls the program's functions; they are answered when they are done. */
export function answerQuestions(native: Native, settings: Settings): void {
  for (let json = native.question(); json; json = native.question()) {
    // What is not known is absent, as the types say.
    const question = JSON.parse(json, (_, value) => value ?? undefined) as Question;
    if (question.asks === 'credentials') {
      void giveCredentials(native, settings, question);
    } else {
      void giveMeaning(native, settings, question);
    }
  }
}

async function giveCredentials(native: Native, { given }: Settings, question: Question): Promise<void> {
  const { id, asks: _, ...request } = question as Question & CredentialsRequest;
  try {
    const values = await Promise.all(
      GIVEN.map(async (name) => {
        const ask = given[name];
        if (!ask) {
          return undefined;
        }
        const value: unknown = await ask(request);
        return TAKES[name](value) ? value : wrong(name);
      }),
    );
    const [url, token, headers, protocols] = values as [string?, string?, object?, string[]?];
    const pairs = headers && (Object.entries(headers) as [string, string][]);
    native.answerCredentials(id, url, token, pairs, protocols);
  } catch (thrown) {
    const { message, fatal } = failureOf(thrown);
    native.refuseCredentials(id, message, fatal);
  }
}

async function giveMeaning(native: Native, { classify, logger }: Settings, question: Question): Promise<void> {
  const { id, asks: _, ...ending } = question as Question & Ending;
  let disposition: string | undefined;
  try {
    disposition = (await classify?.(ending)) ?? undefined;
    native.answerMeaning(id, disposition);
  } catch (thrown) {
    native.answerMeaning(id, undefined);
    logger.error('the function for `classify` failed; the end means what was proposed', thrown);
  }
}

const isText = (value: unknown) => typeof value === 'string';

/** What each function may give; absent is as configured. */
const TAKES: { readonly [name in (typeof GIVEN)[number]]: (value: unknown) => boolean } = {
  url: isText,
  token: isText,
  headers: (value) =>
    typeof value === 'object' && value !== null && !isCollection(value) && Object.values(value).every(isText),
  protocols: (value) => Array.isArray(value) && value.every(isText),
};

/** The text does not show the value. */
function wrong(name: string): never {
  throw new SteadywireError(
    'invalid_argument',
    `the function for \`${name}\` gave a value that the option cannot take`,
  );
}
