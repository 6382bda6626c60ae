import assert from 'node:assert/strict';
import test from 'node:test';

import { labelOf, linkIn, shapeOf, spilledBytes } from '../src/result/value.ts';

test('a result of any JSON has a shape', () => {
  assert.deepEqual(shapeOf('Fixed'), { kind: 'text', text: 'Fixed', link: null });
  assert.deepEqual(shapeOf(0), { kind: 'text', text: '0', link: null });
  assert.deepEqual(shapeOf(null), { kind: 'text', text: '–', link: null });
  assert.deepEqual(shapeOf({ department: 'Streets' }), { kind: 'facts', facts: [['department', 'Streets']] });
  assert.deepEqual(shapeOf(['a', { b: 1 }]), { kind: 'list', items: ['a', { b: 1 }] });
});

test('a list of flat objects is a table of all their fields; nested or wide ones are none', () => {
  const rows = [{ street: 'Oak' }, { street: 'Elm', crew: 2 }];
  assert.deepEqual(shapeOf(rows), { kind: 'table', columns: ['street', 'crew'], rows });
  assert.equal(shapeOf([{ street: { name: 'Oak' } }]).kind, 'list');
  assert.equal(shapeOf([Object.fromEntries(Array.from({ length: 9 }, (_, field) => [`f${field}`, field]))]).kind, 'list');
  assert.equal(shapeOf([]).kind, 'list');
  assert.equal(shapeOf([{ constructor: 1, toString: 2 }]).kind, 'table');
});

test('only whole addresses of the web become links', () => {
  assert.equal(linkIn('https://example.com/a?b=c'), 'https://example.com/a?b=c');
  for (const text of [
    'javascript:alert(1)',
    'see https://example.com',
    'https://',
    'data:text/html,x',
    'https://ana@example.com',
  ]) {
    assert.equal(linkIn(text), null, text);
  }
});

test('a text with markup is Markdown, any other stays unchanged', () => {
  const marked = [
    '# Report\nAll is well.',
    'Sales grew by **11 %**.',
    'See [the order](https://city.example.org/1).',
    '- asphalt\n- sand',
    '1. Dig\n2. Fill',
    '| Day | Crew |\n|---|---|\n| Monday | 2 |',
    'Run:\n```\nmake demo\n```',
  ];
  assert.deepEqual([...new Set(marked.map((text) => shapeOf(text).kind))], ['markdown']);
  const plain = [
    'The crew comes on Monday',
    '1. May',
    '- 5',
    '3 * 4 * 5',
    'alpha   1\n   beta',
    '#4711',
    'a_b_c',
    '[x](javascript:y)',
  ];
  assert.deepEqual([...new Set(plain.map((text) => shapeOf(text).kind))], ['text']);
});

test('names of fields are written as words', () => {
  assert.deepEqual(['slaHours', 'work_order-id', 'URL', '__'].map(labelOf), ['Sla hours', 'Work order id', 'Url', '__']);
  assert.deepEqual(['notALink', 'invoiceID', 'HTTPCode'].map(labelOf), ['Not a link', 'Invoice id', 'Http code']);
});

test('a spilled result is marked, and one that only looks like it is not', () => {
  assert.equal(spilledBytes({ spilled: { bytes: 12_345 } }), 12_345);
  assert.equal(spilledBytes({ spilled: { bytes: 1 }, more: true }), null);
  assert.equal(spilledBytes('spilled'), null);
});
