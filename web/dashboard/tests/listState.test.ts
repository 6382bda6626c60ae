import assert from 'node:assert/strict';
import test from 'node:test';
import { listStateOf, queryOf } from '../src/jobs/listState.ts';

test('what the list shows comes back from the address', () => {
  for (const state of [
    { filter: 'all', search: '' },
    { filter: 'failed', search: 'market report & more #1' },
    { filter: 'silent', search: '' },
  ] as const) {
    assert.deepEqual(listStateOf(queryOf(state)), state);
  }
  assert.equal(queryOf({ filter: 'all', search: '' }), '');
});

test('a state that no list has is all of them', () => {
  assert.deepEqual(listStateOf('?state=constructor&q=x'), { filter: 'all', search: 'x' });
});
