/**
 * What goes into the package: modules and CommonJS with their types. For Node there is one implementation, in CommonJS,
 * and a module around it: two would be two classes of everything in one process.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { defineConfig, type UserConfig } from 'tsdown';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const web: UserConfig = {
  entry: { 'web/index': 'ts/web/index.ts', 'react/index': 'ts/react/index.ts' },
  format: ['esm', 'cjs'],
  platform: 'neutral',
  target: 'es2020',
  dts: true,
  outDir: 'dist',
  outExtensions: ({ format }) => ({
    js: format === 'cjs' ? '.cjs' : '.js',
    dts: format === 'cjs' ? '.d.cts' : '.d.ts',
  }),
  deps: { neverBundle: ['react'] },
};

const node: UserConfig = {
  entry: { 'node/index': 'ts/node/index.ts' },
  tsconfig: 'ts/node/tsconfig.json',
  format: ['cjs'],
  platform: 'node',
  target: 'node20',
  dts: true,
  outDir: 'dist',
  clean: false,
  define: { STEADYWIRE_VERSION: JSON.stringify(version) },
  outExtensions: () => ({ js: '.cjs', dts: '.d.cts' }),
  hooks: {
    'build:done': () => {
      const names = Object.keys(createRequire(import.meta.url)('./dist/node/index.cjs'));
      const values = names.map((name) => `export const ${name} = steadywire.${name};\n`);
      writeFileSync('dist/node/index.js', `import steadywire from './index.cjs';\n\n${values.join('')}`);
      writeFileSync('dist/node/index.d.ts', "export * from './index.cjs';\n");
    },
  },
};

export default defineConfig([web, node]);
