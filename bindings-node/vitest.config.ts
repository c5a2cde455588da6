import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { patience } from './vitest.patience';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The same tests over the oldest React that is supported. */
const REACT_18 = ['react', 'react-dom', '@testing-library/react'].map((name) => ({
  find: new RegExp(`^${name}(?=/|$)`),
  replacement: here(`tests/react18/node_modules/${name}`),
}));

/** What the blocks of tests/mission import. */
const MISSION = [
  { find: '@/services/WebSocketService', replacement: here('ts/web/index.ts') },
  { find: '@/hooks/useWebSocket', replacement: here('ts/react/index.ts') },
  { find: 'steadywire/react', replacement: here('ts/react/index.ts') },
];
const REACT_19 = ['react', 'react-dom'].map((name) => ({
  find: new RegExp(`^${name}(?=/|$)`),
  replacement: here(`node_modules/${name}`),
}));

/** They are put together in target/. */
const OUTSIDE = { fs: { allow: ['..'] } };

const inPage = {
  include: ['tests/react/**/*.test.ts?(x)'],
  environment: 'jsdom',
  setupFiles: ['tests/react/setup.ts'],
  ...patience,
} as const;

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'node', include: ['tests/{core,common,web,e2e,package}/**/*.test.ts'], ...patience } },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          ...patience,
          fileParallelism: false,
        },
      },
      {
        test: { name: 'react-19', env: { REACT: '19' }, ...inPage },
        resolve: { alias: [...MISSION, ...REACT_19] },
        server: OUTSIDE,
      },
      {
        test: { name: 'react-18', env: { REACT: '18' }, ...inPage },
        resolve: { alias: [...MISSION, ...REACT_18] },
        server: OUTSIDE,
      },
    ],
  },
});
