// Bundles the drivers for JavaScript: `node tests/conformance/build.mjs PROJECT TO`. The client of browsers is the one
// of the package as it is installed in PROJECT.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const [project, to] = process.argv.slice(2).map((path) => resolve(path));
const installed = {
  name: 'installed',
  resolveId: (source) =>
    source === '../../ts/web' ? resolve(project, 'node_modules/steadywire/dist/web/index.js') : null,
};
for (const [name, platform, format] of [
  ['node', 'node', 'esm'],
  ['web', 'node', 'esm'],
  ['page', 'browser', 'iife'],
]) {
  await build({
    input: fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
    platform,
    plugins: [installed],
    output: { file: resolve(to, `${name}.${platform === 'node' ? 'mjs' : 'js'}`), format },
    logLevel: 'warn',
  });
}
