// Installs the tarballs that `pack.mjs` left into an empty project, without asking any registry.
//
//   node npm/install.mjs TARBALLS PROJECT

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [from, project] = process.argv.slice(2).map((path) => resolve(path));
const tarballs = readdirSync(from).filter((name) => name.endsWith('.tgz'));

rmSync(project, { recursive: true, force: true });
mkdirSync(project, { recursive: true });
writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }\n');
const options = ['--offline', '--silent', '--no-audit', '--no-fund', '--no-package-lock'];
execFileSync('npm', ['install', ...options, ...tarballs.map((name) => join(from, name))], {
  cwd: project,
  stdio: 'inherit',
});
