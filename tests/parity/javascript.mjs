/** Prints what the npm package has: by the types of both clients, and by trying each option when they run. */

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const home = process.cwd();
const require = createRequire(resolve(home, 'package.json'));
const ts = require('typescript');
const { rolldown } = await import(pathToFileURL(require.resolve('rolldown')).href);
const schema = require(resolve(home, '../spec/api.json'));

const entries = { node: 'ts/node/index.ts', web: 'ts/web/index.ts' };
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile('tsconfig.json', ts.sys.readFile).config, ts.sys, home);
const program = ts.createProgram(Object.values(entries), { ...options, noEmit: true });
const checker = program.getTypeChecker();

/** What a module exports, by name. */
function exportsOf(entry) {
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(entry));
  return new Map(checker.getExportsOfModule(symbol).map((one) => [one.name, one]));
}

const typeOf = (symbol) => checker.getDeclaredTypeOfSymbol(symbol);
const resolved = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
const isInternal = (symbol) => symbol.getJsDocTags(checker).some((tag) => tag.name === 'internal');
const isHidden = (symbol) =>
  (symbol.declarations ?? []).some((one) => ts.getCombinedModifierFlags(one) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected));

/** The public members of a class or an interface, of a union those of all its parts; symbols as if they were names. */
function members(symbol) {
  const type = typeOf(resolved(symbol));
  const all = (type.isUnion() ? type.types : [type]).flatMap((one) => one.getProperties());
  const names = all.filter((one) => !isInternal(one) && !isHidden(one)).map((one) => nameOf(one.name));
  return [...new Set(names)];
}

/** `__@asyncIterator@12` and `__@ASYNC_DISPOSE@12` as `asyncIterator` and `asyncDispose`. */
function nameOf(name) {
  const word = /^__@(\w+)@\d+$/.exec(name)?.[1] ?? name;
  const shouted = word.length > 1 && word === word.toUpperCase();
  return shouted ? word.toLowerCase().replace(/_(\w)/g, (_, one) => one.toUpperCase()) : word;
}

const wordsIn = (type) => (type.types ?? [type]).map(({ value }) => value);

/** The words of a union of texts. */
const wordsOf = (symbol) => wordsIn(typeOf(resolved(symbol)));

/** The words that a property of a type, or of any part of a union, may be. */
function wordsOfProperty(symbol, name) {
  const type = typeOf(resolved(symbol));
  const parts = type.isUnion() ? type.types : [type];
  return parts.flatMap((part) => wordsIn(checker.getTypeOfSymbol(part.getProperty(name))));
}

function documentation(symbol) {
  const all = typeOf(resolved(symbol)).getProperties();
  return Object.fromEntries(
    all.map((one) => [one.name, ts.displayPartsToString(one.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ')]),
  );
}

/** The events, each with its fields but for its discriminant. */
function events(symbol) {
  const all = typeOf(resolved(symbol)).getProperties();
  const fields = (one) => checker.getTypeOfSymbol(one).getProperties();
  return Object.fromEntries(all.map((one) => [one.name, fields(one).flatMap((f) => (f.name === 'type' ? [] : [f.name]))]));
}

async function bundled(entry, name) {
  const out = resolve(home, `../target/parity/${name}.mjs`);
  mkdirSync(resolve(home, '../target/parity'), { recursive: true });
  const bundle = await rolldown({ input: entry, platform: 'browser', logLevel: 'silent' });
  await bundle.write({ file: out, format: 'esm' });
  await bundle.close();
  return import(pathToFileURL(out).href);
}

/** No option takes it. */
const WRONG = true;

/**
 * The options that a client takes when it runs, and what is wrong with that: of each a value that fits is tried, and one
 * that does not, which must be refused by the option's name.
 */
function tried(Client, names, given) {
  const samples = new Map(schema.options.map((one) => [one.name, one.sample ?? one.default]));
  const others = { classify: () => undefined, logger: console, WebSocket: class {} };
  const taken = [];
  const faults = [];
  const refusal = (name, value) => {
    try {
      new Client({ url: 'ws://h/', ...given, [name]: value }).close();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  for (const name of names) {
    const sample = others[name] ?? samples.get(name);
    if (sample === undefined || sample === null) {
      faults.push(`${name}: spec/api.json has no sample of it`);
      continue;
    }
    const refused = refusal(name, sample);
    if (refused?.kind === 'unsupported' && refused.message.includes(`\`${name}\``)) {
      continue;
    }
    if (refused) {
      faults.push(`${name}: its sample ${JSON.stringify(sample)} is refused: ${refused.message}`);
      continue;
    }
    taken.push(name);
    const wrong = refusal(name, WRONG);
    if (!wrong) {
      faults.push(`${name}: ${WRONG} is taken, so the value reaches nobody`);
    } else if (wrong.kind === 'unknown_option' || !wrong.message.includes(`\`${name}\``)) {
      faults.push(`${name}: ${WRONG} is refused, but not as a value of that option: ${wrong.message}`);
    }
  }
  return [taken, faults];
}

const core = await bundled('ts/core/config.ts', 'config');
const defaults = Object.fromEntries(
  Object.entries(core.newConfig('ws://h/')).flatMap(([name, value]) => {
    const none = value === undefined || (typeof value === 'object' && ![...(value.keys?.() ?? value)].length);
    const shown = value === Infinity ? 'unlimited' : none ? (name === 'maxConnectAttempts' ? 'auto' : null) : value;
    return name === 'url' ? [] : [[name, shown]];
  }),
);
const web = await bundled(entries.web, 'web');
const node = createRequire(resolve(home, '../target/npm-project/package.json'))('steadywire');
const clients = { node: [node, {}], web: [web, { WebSocket: class {} }] };

const surfaces = Object.entries(entries).map(([language, entry]) => {
  const all = exportsOf(entry);
  const named = (name) => all.get(name) ?? exit(`${entry} does not export ${name}`);
  const names = members(named('ConnectionOptions'));
  const [runs, given] = clients[language];
  const [taken, faults] = tried(runs.Client, names, given);
  const inline = { OutcomeKind: ['Outcome', 'kind'], ReceiptState: ['Receipt', 'state'] };
  const words = Object.keys(schema.words).map((name) => {
    const [holder, property] = inline[name] ?? [];
    return [name, holder ? wordsOfProperty(named(holder), property) : wordsOf(named(name))];
  });
  return {
    language,
    place: language === 'node' ? 'bindings-node/ts/{types,common,node}' : 'bindings-node/ts/{types,common,web}',
    options: taken,
    typed: names,
    faults,
    defaults: language === 'web' ? defaults : {},
    events: events(named('Events')),
    errors: runs.ERROR_CODES,
    words: { ...Object.fromEntries(words), EventName: runs.EVENT_NAMES },
    calls: {
      client: members(named('Client')),
      reporter: members(named('Task')),
      follow: members(named('Follow')),
      outcome: members(named('Outcome')),
      receipt: members(named('Receipt')),
      ending: members(named('Ending')),
      credentialsRequest: members(named('CredentialsRequest')),
    },
    documented: documentation(named('ConnectionOptions')),
    exports: { '*': [...all.keys()] },
  };
});
console.log(JSON.stringify(surfaces));

function exit(text) {
  console.error(text);
  process.exit(1);
}
