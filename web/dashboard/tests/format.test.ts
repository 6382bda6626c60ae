import assert from 'node:assert/strict';
import test from 'node:test';
import {
  agoText,
  countText,
  durationText,
  etaText,
  jobName,
  offsetText,
  percentText,
  shortened,
  tickingText,
  timeText,
} from '../src/format.ts';

test('durations are written for people', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [840, '840 ms'],
    [1500, '1.5 s'],
    [59_900, '59.9 s'],
    [59_999, '1 min 0 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [100_000_000, '1 d 3 h'],
    [-5, '0 ms'],
  ];
  for (const [ms, text] of cases) {
    assert.equal(durationText(ms), text);
  }
});

test('a running time ticks in whole seconds', () => {
  assert.deepEqual([0, 999, 1999, 61_000].map(tickingText), ['0 s', '0 s', '1 s', '1 min 1 s']);
});

test('times are shown from the start of the job', () => {
  const start = '2026-11-20T09:30:00.000Z';
  assert.equal(offsetText('2026-11-20T09:30:01.250Z', start), '+1.25 s');
  assert.equal(offsetText('2026-11-20T09:30:12.340Z', start), '+12.3 s');
  assert.equal(offsetText('2026-11-20T09:33:05.000Z', start), '+3:05');
  assert.equal(offsetText('2026-11-20T10:32:03.000Z', start), '+1:02:03');
  assert.equal(offsetText('2026-11-20T09:29:59.000Z', start), '+0.00 s');
  assert.equal(offsetText('2026-11-20T09:29:59.000Z', null), '+0.00 s');
});

test('the remaining time is a range, or unknown', () => {
  assert.equal(etaText(null, 0), null);
  assert.equal(etaText({ p50: 8.2, p90: 14.9 }, 0), '8–15 s left');
  assert.equal(etaText({ p50: 8.2, p90: 14.9 }, 4000), '4–11 s left');
  assert.equal(etaText({ p50: 8.2, p90: 8.3 }, 0), '8–9 s left');
  assert.equal(etaText({ p50: 10, p90: 10 }, 0), 'About 10 s left');
  assert.equal(etaText({ p50: 8, p90: 15 }, 14_500), 'Less than 1 s left');
  assert.equal(etaText({ p50: 130, p90: 400 }, 0), '2–7 min left');
  assert.equal(etaText({ p50: 4000, p90: 9000 }, 0), '1–3 h left');
});

test('a job that takes longer than nine of ten has no estimate of a near end', () => {
  assert.equal(etaText({ p50: 8, p90: 15 }, 60_000), 'Takes longer than usual');
});

test('counts and shares are short and never rounded up', () => {
  assert.deepEqual([0, 999, 1000, 1234, 9960, 33_600, 1_500_000].map(countText), [
    '0',
    '999',
    '1k',
    '1.2k',
    '10k',
    '34k',
    '1.5M',
  ]);
  assert.deepEqual([0, 42.9, 99.9, 100].map(percentText), ['0 %', '42 %', '99 %', '100 %']);
});

test('ages are rounded', () => {
  assert.deepEqual([0, 12_000, 125_000, 7_300_000, 200_000_000].map(agoText), [
    'just now',
    '12 s ago',
    '2 min ago',
    '2 h ago',
    '2 d ago',
  ]);
});

test('a time of another day has its date', () => {
  const now = Date.parse('2026-11-20T12:00:00');
  assert.doesNotMatch(timeText('2026-11-20T09:00:00', now, 'en-GB'), /Nov/);
  assert.match(timeText('2026-11-18T09:00:00', now, 'en-GB'), /18 Nov/);
  assert.equal(timeText(null, now), '');
});

test('a job without a known text is named by its id', () => {
  assert.equal(jobName('demo-30f40124-ea73-4b3c-9d51-0b1d4a7c2f10'), 'Job 30f40124');
  assert.equal(jobName('market-report'), 'market-report');
});

test('long texts are cut with a mark', () => {
  assert.equal(shortened('a  b\nc'), 'a b c');
  assert.equal(shortened('x'.repeat(80), 10), `${'x'.repeat(9)}…`);
});

test('a time of day never reads like a duration', () => {
  const now = new Date(2026, 10, 20, 18, 0).getTime();
  const at = new Date(2026, 10, 20, 13, 5, 20).toISOString();
  for (const locale of ['fr-CA', 'fr', 'de', 'en-GB', 'en-US', 'ja', 'ar', 'fi', 'da']) {
    assert.doesNotMatch(timeText(at, now, locale), /\d\s*(h|min|s)(\s|$)/, locale);
  }
  assert.equal(timeText(at, now, 'fr-CA'), '13:05:20');
  assert.equal(timeText(at, now, 'en-US'), '01:05:20 PM');
});
