// The library as it is installed: packed, unpacked into a project that has nothing else, typed and bundled there.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { build } from 'vite';
import { CLIENT, REPOSITORY, TSC, unpackedProject } from './unpackedProject.ts';

const MAIN = `import { type Auth, type Client, connect, type JobState } from '@statusbeam/client';
import { JobStatusElement, type Labels } from '@statusbeam/client/element';
import { listTenantJobs, type UserState } from '@statusbeam/client/lists';
import { useJob, useJobs } from '@statusbeam/client/react';
import { sharedTabs } from '@statusbeam/client/tabs';

const auth: Auth = { type: 'viewToken', token: async ({ refused }) => (refused ? 'new' : 'kept') };
export const client: Client = connect({ url: 'https://api.example.com/graphql', auth, tabs: sharedTabs() });
export function Line() {
  const { job, verdict } = useJob(client, 'job-1');
  return <p>{job.overallStatus} {verdict} {useJobs(client).jobs.length}</p>;
}
export const tag = <job-status job-id="job-1" url="https://api.example.com/graphql" token-callback="viewToken">Title</job-status>;
export const labels: Partial<Labels> = { completed: 'Fertig' };
export const states: JobState[] = [];
export const lists: UserState[] = [];
export const page = () => listTenantJobs(client, { workflow: 'complaints' });
export const element = JobStatusElement;
`;
const WRONG = `import { connect } from '@statusbeam/client';
export const client: number = connect({ url: 'https://api.example.com/graphql', auth: { type: 'apiKey', key: 'key', userId: 'ana' } });
`;

function project(): string {
  const folder = unpackedProject();
  writeFileSync(join(folder, 'main.tsx'), MAIN);
  return folder;
}

function typesOf(folder: string, module: string, moduleResolution: string): string {
  const options = {
    target: 'es2022',
    module,
    moduleResolution,
    lib: ['es2022', 'dom'],
    jsx: 'react-jsx',
    strict: true,
    noEmit: true,
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, types: [] }, include: ['*.tsx'] })
  );
  try {
    return execFileSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout: string }).stdout);
  }
}

test('the sizes that the documentation states are those that the build holds', () => {
  const build = readFileSync(join(CLIENT, 'build.ts'), 'utf8');
  const page = readFileSync(join(REPOSITORY, 'docs', 'how-to', 'web.md'), 'utf8');
  const stated = {
    'index.js': '`@statusbeam/client`',
    'lists.js': '`@statusbeam/client/lists`',
    'react.js': '`@statusbeam/client/react`',
    'tabs.js': '`@statusbeam/client/tabs`',
    'job-status.js': '`job-status.js`, alone',
  };
  for (const [file, row] of Object.entries(stated)) {
    const [, budget] = new RegExp(`'${file}': ([\\d_]+)`).exec(build) ?? [];
    const [, size] = page.split(`\n| ${row} | `)[1]?.match(/^([\d.]+) kB/) ?? [];
    assert.equal(Number(size) * 1_000, Number(budget?.replace('_', '')), file);
  }
});

test('the packed library has its types, can be bundled, and can be imported where there is no page', async (t) => {
  const folder = project();
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    assert.equal(typesOf(folder, module, resolution), '', resolution);
  }
  const lib = { entry: join(folder, 'main.tsx'), formats: ['es' as const], fileName: 'bundle' };
  const rolldownOptions = { external: ['react', 'react/jsx-runtime'] };
  await build({ root: folder, configFile: false, logLevel: 'error', build: { lib, rolldownOptions } });
  assert.match(readFileSync(join(folder, 'dist', 'bundle.js'), 'utf8'), /start_ack/);
  const hooks = readFileSync(join(folder, 'node_modules', '@statusbeam', 'client', 'dist', 'react.js'), 'utf8');
  assert.match(hooks, /^'use client';/, 'for frameworks that render on a server as well');
  const imported =
    "await Promise.all(['', '/lists', '/react', '/tabs', '/element'].map((each) => import('@statusbeam/client' + each)));";
  execFileSync(process.execPath, ['--input-type=module', '-e', imported], { cwd: folder });
  writeFileSync(join(folder, 'wrong.tsx'), WRONG);
  assert.match(typesOf(folder, 'nodenext', 'nodenext'), /Type 'Client' is not assignable to type 'number'/);
});

test('linked instead of installed, the library uses the React of the application', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'statusbeam-linked-')));
  t.after(() => rmSync(folder, { recursive: true }));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@statusbeam'), { recursive: true });
  symlinkSync(CLIENT, join(modules, '@statusbeam', 'client'));
  cpSync(join(REPOSITORY, 'node_modules', 'react'), join(modules, 'react'), { recursive: true });
  writeFileSync(join(folder, 'main.tsx'), MAIN);
  const found = new Set<string>();
  const lib = { entry: join(folder, 'main.tsx'), formats: ['es' as const], fileName: 'bundle' };
  const note = { name: 'note', moduleParsed: ({ id }: { id: string }) => void found.add(id) };
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    plugins: [note],
    resolve: { dedupe: ['react', 'react-dom'] }, // as docs/how-to/web.md says
    build: { lib },
  });
  const reacts = [...found].filter((id) => id.includes('/node_modules/react/'));
  assert.ok(reacts.length > 0);
  assert.deepEqual(
    reacts.filter((id) => !id.includes(`${folder}/node_modules/react/`)),
    []
  );
});
