/** What goes into the package: modules and CommonJS with their types. `ts/node` adds its own when it is built. */

import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { 'web/index': 'ts/web/index.ts', 'react/index': 'ts/react/index.ts' },
  format: ['esm', 'cjs'],
  platform: 'neutral',
  target: 'es2020',
  dts: true,
  outDir: 'dist',
  outExtensions: ({ format }) => ({ js: format === 'cjs' ? '.cjs' : '.js', dts: format === 'cjs' ? '.d.cts' : '.d.ts' }),
  deps: { neverBundle: ['react'] },
});
