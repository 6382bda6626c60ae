import assert from 'node:assert/strict';
import test from 'node:test';
import { EVERYTHING, listStateOf, queryOf, serverFilters, showsEverything } from '../src/jobs/listState.ts';

test('the list’s state is restored from the address', () => {
  for (const state of [
    EVERYTHING,
    { ...EVERYTHING, filter: 'failed', search: 'market report & more #1' },
    { ...EVERYTHING, filter: 'silent', workflow: '__proto__' },
    { ...EVERYTHING, from: '2026-11-01', to: '2026-11-20' },
  ] as const) {
    assert.deepEqual(listStateOf(queryOf(state)), state);
    assert.equal(showsEverything(state), state === EVERYTHING);
  }
});

test('an unknown state is all states, and an invalid day is any day', () => {
  assert.deepEqual(listStateOf('?state=constructor&q=x&from=2026-02-30&to=tomorrow'), { ...EVERYTHING, search: 'x' });
});

test('the server filters by whole days where the reader is', () => {
  const between = (from: string, to: string) => serverFilters({ ...EVERYTHING, from, to });
  const midnight = (day: number) => new Date(2026, 10, day).toISOString();
  const none = { overallStatus: null, workflow: null, createdAfter: null, createdBefore: null };
  assert.deepEqual(between('', ''), none);
  assert.deepEqual(between('2026-11-20', '2026-11-20'), { ...none, createdAfter: midnight(20), createdBefore: midnight(21) });
  assert.deepEqual(between('2026-11-20', ''), { ...none, createdAfter: midnight(20) });
  assert.deepEqual(between('', '2026-11-30'), { ...none, createdBefore: midnight(31) });
  assert.deepEqual(between('2026-11-22', '2026-11-20'), between('2026-11-20', '2026-11-22'), 'whichever is the earlier');
});

test('the server knows the running jobs as one state', () => {
  assert.equal(serverFilters({ ...EVERYTHING, filter: 'silent' }).overallStatus, 'processing');
  assert.equal(serverFilters({ ...EVERYTHING, filter: 'failed', workflow: 'nightly' }).workflow, 'nightly');
});
