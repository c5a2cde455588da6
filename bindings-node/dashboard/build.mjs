/** Builds the dashboard into one page: `node dashboard/build.mjs TO`. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const to = process.argv[2] ?? here('../../target/dashboard/index.html');

const { output } = await build({
  input: here('src/main.tsx'),
  platform: 'browser',
  resolve: { alias: { 'steadywire/react': here('../ts/react/index.ts') } },
  transform: { jsx: { runtime: 'automatic' }, target: 'es2020', define: { 'process.env.NODE_ENV': '"production"' } },
  output: { format: 'iife', minify: true },
  write: false,
});
// In a page a script ends where its end tag is written.
const script = output[0].code.replaceAll('</script', '<\\/script');
const page = readFileSync(here('index.html'), 'utf8')
  .replace('/* style */', () => readFileSync(here('src/style.css'), 'utf8'))
  .replace('/* script */', () => script);
mkdirSync(dirname(to), { recursive: true });
writeFileSync(to, page);
console.log(`${to}: ${Math.round(page.length / 1024)} KiB`);
