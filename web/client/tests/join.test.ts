import assert from 'node:assert/strict';
import test from 'node:test';

import { StatusbeamError } from '../src/errors.ts';
import type { Facts } from '../src/join/facts.ts';
import { JobLog, PAGE } from '../src/join/log.ts';
import { nextRead } from '../src/join/nextRead.ts';
import { readUpdate } from '../src/join/update.ts';
import { verdictOf } from '../src/join/verdict.ts';
import type { StatusUpdate } from '../src/types.ts';

/** A log whose statuses 1 … `last` are known and that reaches up to `head`. */
function logOf(last: number, head: number): JobLog {
  const log = new JobLog('job-1');
  const raw = { jobId: 'job-1', status: 'progress', type: 'progress', message: '', timestamp: '2026-11-20T12:00:00Z' };
  const sequences = Array.from({ length: last }, (_, index) => index + 1);
  log.take(sequences.map((sequence) => readUpdate({ ...raw, eventId: `event-${sequence}`, sequence }) as StatusUpdate));
  log.reaches(head);
  return log;
}

const LIVE = { isLive: true, isConfirmed: true };

function facts(more: Partial<Facts> = {}): Facts {
  return {
    log: logOf(3, 3),
    error: null,
    coverage: LIVE,
    wasConfirmed: true,
    hasPosition: true,
    hasRead: true,
    cut: null,
    isDelayed: false,
    longLog: 500,
    tailFrom: Number.POSITIVE_INFINITY,
    ...more,
  };
}

test('the verdict follows from the facts', () => {
  const [unavailable, forbidden, ended] = (['unavailable', 'forbidden', 'login_ended'] as const).map(
    (code) => new StatusbeamError(code, 'no')
  ) as [StatusbeamError, StatusbeamError, StatusbeamError];
  const cases: [Partial<Facts>, string, string | null][] = [
    [{}, 'whole', null],
    [{ log: logOf(3, 4) }, 'behind', 'catching_up'],
    [{ log: logOf(0, 4), hasRead: false }, 'joining', 'catching_up'],
    [{ coverage: null, hasPosition: false }, 'joining', 'connecting'],
    [{ coverage: null }, 'behind', 'not_connected'], // the network lets no socket through
    [{ coverage: { isLive: true, isConfirmed: false }, wasConfirmed: false }, 'joining', 'checking'],
    [{ coverage: { isLive: true, isConfirmed: false } }, 'behind', 'checking'], // after a reconnect
    [{ coverage: { isLive: false, isConfirmed: true } }, 'behind', 'not_connected'],
    [{ error: unavailable }, 'behind', 'failing'],
    [{ error: forbidden }, 'behind', 'forbidden'],
    [{ error: ended }, 'behind', 'forbidden'],
    [{ cut: 'log_expired' }, 'cut', 'log_expired'],
    [{ cut: 'job_gone', log: logOf(3, 4) }, 'cut', 'job_gone'],
  ];
  for (const [more, verdict, reason] of cases) {
    assert.deepEqual(verdictOf(facts(more)), { verdict, reason }, JSON.stringify(more));
  }
});

test('the next read follows from the facts', () => {
  const snapshot = new JobLog('job-1');
  snapshot.goOnFrom({ ...snapshot.snapshot, head: { ...snapshot.snapshot.head, sequence: 700 } });
  const cases: [Partial<Facts>, ReturnType<typeof nextRead>][] = [
    [{}, null],
    [{ hasRead: false }, { kind: 'page', after: 3, limit: PAGE }], // the first read, whatever is known
    [{ log: logOf(3, 9) }, { kind: 'page', after: 3, limit: PAGE }],
    [
      { log: logOf(0, 501), hasRead: false },
      { kind: 'snapshot', after: 0, limit: 0 },
    ],
    [
      { log: logOf(0, 501), longLog: Number.POSITIVE_INFINITY },
      { kind: 'page', after: 0, limit: PAGE },
    ], // no snapshot
    [
      { log: snapshot, tailFrom: 640 },
      { kind: 'tail', after: 640, limit: 60 },
    ],
    [{ log: snapshot }, null],
    [{ log: logOf(3, 9), cut: 'job_gone' }, null],
  ];
  for (const [more, read] of cases) {
    assert.deepEqual(nextRead(facts(more)), read, JSON.stringify(more));
  }
});
