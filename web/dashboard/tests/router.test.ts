import assert from 'node:assert/strict';
import test from 'node:test';
import { answerInAddress, jobLink, keyInLink, routeOf, withoutKeys } from '../src/router.ts';

test('a link to a job is parsed back, with any id', () => {
  for (const jobId of ['job-1', 'a b', 'a#b&at=3', 'ä/ö?']) {
    assert.deepEqual(routeOf(jobLink(jobId)), { view: 'job', jobId, sequence: null });
    assert.deepEqual(routeOf(jobLink(jobId, 7)), { view: 'job', jobId, sequence: 7 });
  }
});

test('an invalid sequence is the present', () => {
  for (const at of ['0', '-1', 'x', '1.5', '']) {
    assert.deepEqual(routeOf(`#job=a&at=${at}`), { view: 'job', jobId: 'a', sequence: null });
  }
});

test('other fragments are other views, unknown ones are home', () => {
  assert.deepEqual(
    ['#new', '#tenant', '', '#home', '#what'].map((hash) => routeOf(hash).view),
    ['new', 'tenant', 'home', 'home', 'home']
  );
});

test('keys of a link are read, and removed from the address', () => {
  assert.deepEqual(keyInLink('#viewToken=sbv1.a.b.c&job=j'), { viewToken: 'sbv1.a.b.c' });
  assert.deepEqual(keyInLink('#apiKey=da2-x&user=ana&job=j'), { apiKey: 'da2-x', userId: 'ana' });
  assert.equal(keyInLink('#apiKey=da2-x'), null);
  assert.equal(keyInLink('#job=j'), null);
  assert.equal(withoutKeys('#viewToken=sbv1.a.b.c&job=a%20b'), '#job=a%20b');
  assert.equal(withoutKeys('#apiKey=k&user=u'), '');
});

test('the answer of a provider is distinguished from other queries', () => {
  assert.equal(answerInAddress('?code=c&state=s')?.get('code'), 'c');
  assert.equal(answerInAddress('?error=access_denied&state=s')?.get('error'), 'access_denied');
  for (const search of ['', '?code=c', '?state=s', '?utm_source=mail']) {
    assert.equal(answerInAddress(search), null);
  }
});
