// The examples for Vue and Svelte, built and run: each shows a job, follows it, and lets go of it.

import './dom.ts';

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { compile } from 'svelte/compiler';
import { build } from 'vite';
import type { Client } from '../src/index.ts';
import { settled, World } from './sim/world.ts';

const CLIENT = join(import.meta.dirname, '..');
const STEP = { type: 'agent_status', status: 'agent_invoking', message: 'Reading', agentName: 'Geo Agent' };

type Mount = (client: Client, jobId: string, target: Element) => () => void;

const VUE = `import { createApp, h } from 'vue';
import { useJob } from '../examples/vue.ts';
export function mount(client, jobId, target) {
  const app = createApp({
    setup() {
      const state = useJob(client, jobId);
      return () => h('p', [state.value.job.jobId, state.value.job.overallStatus, state.value.job.sequence, state.value.verdict].join(' '));
    },
  });
  app.mount(target);
  return () => app.unmount();
}
`;
const SVELTE = `import { mount as start, unmount } from 'svelte';
import JobLine from '../examples/JobLine.svelte';
export function mount(client, jobId, target) {
  const component = start(JobLine, { target, props: { client, jobId } });
  return () => void unmount(component);
}
`;

/** The module of an example, bundled for browsers. */
async function built(source: string, folder: string): Promise<Mount> {
  const entry = join(folder, 'entry.js');
  writeFileSync(entry, source);
  await build({
    root: CLIENT,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'svelte',
        transform: (code, id) => (id.endsWith('.svelte') ? compile(code, { filename: id, generate: 'client' }).js : null),
      },
    ],
    resolve: { conditions: ['browser', 'module'] },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { outDir: join(folder, 'out'), lib: { entry, formats: ['es'], fileName: () => 'bundle.mjs' } },
  });
  return ((await import(pathToFileURL(join(folder, 'out', 'bundle.mjs')).href)) as { mount: Mount }).mount;
}

for (const [name, source] of [
  ['Vue', VUE],
  ['Svelte', SVELTE],
] as const) {
  test(`the example for ${name} shows a job and each change of it, and lets go of it`, async (t) => {
    const folder = mkdtempSync(join(CLIENT, 'built-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const mount = await built(source, folder);
    const world = new World();
    world.service.commit('job-1', [STEP]);
    const client = world.connect();
    const target = document.createElement('div');
    const unmount = mount(client, 'job-1', target);
    await world.advance(2_000);
    assert.match(target.textContent ?? '', /job-1 processing 1 whole/);
    world.service.commit('job-1', [{ type: 'complete', status: 'complete', message: 'Done' }]);
    await world.advance(100);
    await settled();
    assert.match(target.textContent ?? '', /job-1 completed 2 whole/);
    unmount();
    await world.advance(20_000);
    assert.equal(world.service.sockets.size, 0);
  });
}

test('the documentation shows the examples as they are', () => {
  const page = readFileSync(join(CLIENT, '..', '..', 'docs', 'how-to', 'web.md'), 'utf8');
  for (const file of ['vue.ts', 'JobLine.svelte']) {
    assert.ok(page.includes(`web/client/examples/${file}`), file);
  }
});
