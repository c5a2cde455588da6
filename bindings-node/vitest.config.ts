import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A bound on hanging, for machines that do other things too. Nothing is measured. */
const testTimeout = 60_000;

/** The same tests over the oldest React that is supported. */
const react18 = (name: string) => fileURLToPath(new URL(`tests/react18/node_modules/${name}`, import.meta.url));
const REACT_18 = ['react', 'react-dom', '@testing-library/react'].map((name) => ({
  find: new RegExp(`^${name}(?=/|$)`),
  replacement: react18(name),
}));

const inPage = {
  include: ['tests/react/**/*.test.ts?(x)'],
  environment: 'jsdom',
  setupFiles: ['tests/react/setup.ts'],
  testTimeout,
} as const;

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', include: ['tests/{core,common,web,e2e,package}/**/*.test.ts'], testTimeout } },
      { test: { name: 'react-19', env: { REACT: '19' }, ...inPage } },
      { test: { name: 'react-18', env: { REACT: '18' }, ...inPage }, resolve: { alias: REACT_18 } },
    ],
  },
});
