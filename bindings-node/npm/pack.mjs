// Packs what is published: the package, and one package for the platform that the addon was built for.
//
//   node npm/pack.mjs BUILT OUT
//
// BUILT is the folder where Cargo leaves the addon, OUT a folder; what is in it is replaced. Both tarballs are left there. The
// package names those platforms as optional dependencies that have been built, of its own version.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [built, out] = process.argv.slice(2).map((path) => resolve(path));
const home = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(home);
const own = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
const platform = thisPlatform();
const addon = { darwin: 'libsteadywire_node.dylib', win32: 'steadywire_node.dll' }[process.platform];
const name = `@steadywire/${platform.name}`;

rmSync(out, { recursive: true, force: true });
stage(platform.name, {
  name,
  version: own.version,
  description: `The native addon of the package steadywire for ${platform.name}`,
  license: own.license,
  main: 'steadywire.node',
  files: ['steadywire.node', 'LICENSE-*'],
  engines: own.engines,
  os: [platform.os],
  cpu: [platform.cpu],
  ...(platform.libc ? { libc: [platform.libc] } : {}),
});
cpSync(join(built, addon ?? 'libsteadywire_node.so'), join(out, platform.name, 'steadywire.node'));

const { devDependencies: _, scripts: __, overrides: ___, ...published } = own;
stage('steadywire', { ...published, optionalDependencies: { [name]: own.version } });
cpSync(join(home, 'dist'), join(out, 'steadywire', 'dist'), { recursive: true });
cpSync(join(home, 'README.md'), join(out, 'steadywire', 'README.md'));

for (const folder of [platform.name, 'steadywire']) {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: join(out, folder), stdio: 'inherit' });
}

function stage(folder, manifest) {
  const path = join(out, folder);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const license of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    cpSync(join(root, license), join(path, license));
  }
}

/** The platform this runs on, by the names that npm has for its parts. */
function thisPlatform() {
  const { platform: os, arch: cpu } = process;
  if (os === 'linux') {
    const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
    return { name: `linux-${cpu}-${libc === 'glibc' ? 'gnu' : 'musl'}`, os, cpu, libc };
  }
  return { name: os === 'win32' ? `win32-${cpu}-msvc` : `${os}-${cpu}`, os, cpu };
}
