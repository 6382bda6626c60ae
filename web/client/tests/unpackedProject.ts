// A project that has the packed library, as npm would install it, and React.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const CLIENT = join(import.meta.dirname, '..');
export const REPOSITORY = join(CLIENT, '..', '..');
export const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

/** The folder of a new project; its owner removes it. `packages` are linked from the repository. */
export function unpackedProject(packages: string[] = ['react', '@types']): string {
  const folder = mkdtempSync(join(tmpdir(), 'statusbeam-'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: CLIENT });
  const { version } = JSON.parse(readFileSync(join(CLIENT, 'package.json'), 'utf8')) as { version: string };
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@statusbeam'), { recursive: true });
  execFileSync('tar', ['xzf', `statusbeam-client-${version}.tgz`], { cwd: folder });
  execFileSync('mv', ['package', join(modules, '@statusbeam', 'client')], { cwd: folder });
  for (const name of packages) {
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}
