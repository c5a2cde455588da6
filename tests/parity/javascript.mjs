/** Prints what the npm package has: from the types of both clients, and from a bundle of the web client and its core. */

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
  symbol.declarations.some((one) => ts.getCombinedModifierFlags(one) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected));

/** The public members of a class or an interface. */
function members(symbol) {
  const all = typeOf(resolved(symbol)).getProperties();
  return all.filter((one) => !one.name.startsWith('__@') && !isInternal(one) && !isHidden(one)).map((one) => one.name);
}

/** The words of a union of texts. */
const wordsOf = (symbol) => typeOf(resolved(symbol)).types.map((type) => type.value);

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

/** The options that the web client takes when it runs: a value of each is tried. */
function takenByWeb(Client, names) {
  const samples = new Map(schema.options.map((one) => [one.name, one.sample ?? one.default]));
  const others = { classify: () => undefined, logger: console, WebSocket: class {} };
  return names.filter((name) => {
    try {
      new Client({ url: 'ws://h/', WebSocket: class {}, [name]: others[name] ?? samples.get(name) });
      return true;
    } catch (error) {
      if (!['unsupported', 'unknown_option', 'invalid_argument'].includes(error.kind)) {
        throw error;
      }
      return false;
    }
  });
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

const surfaces = Object.entries(entries).map(([language, entry]) => {
  const all = exportsOf(entry);
  const named = (name) => all.get(name) ?? exit(`${entry} does not export ${name}`);
  const names = members(named('ConnectionOptions'));
  const { ERROR_CODES } = web;
  return {
    language,
    options: language === 'web' ? takenByWeb(web.Client, names) : names,
    defaults: language === 'web' ? defaults : {},
    events: events(named('Events')),
    errors: ERROR_CODES,
    words: Object.fromEntries(Object.keys(schema.words).map((name) => [name, wordsOf(named(name))])),
    calls: { client: members(named('Client')), reporter: members(named('Task')) },
    documented: documentation(named('ConnectionOptions')),
  };
});
console.log(JSON.stringify(surfaces));

function exit(text) {
  console.error(text);
  process.exit(1);
}
