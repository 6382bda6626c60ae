import assert from 'node:assert/strict';
import test from 'node:test';

import { type Event, reported, type State, TRANSITIONS } from '../src/realtime/transitions.ts';

const STATES = Object.keys(TRANSITIONS) as State[];

/** The states after each of these events, from idle. */
function after(...events: Event[]): State[] {
  let state: State = 'idle';
  return events.map((event) => {
    state = TRANSITIONS[state][event]?.[0] ?? state;
    return state;
  });
}

test('every state can be reached from idle, and closed is final', () => {
  const reached = new Set<State>(['idle']);
  for (const state of reached) {
    for (const [next] of Object.values(TRANSITIONS[state])) {
      reached.add(next);
    }
  }
  assert.deepEqual([...reached].sort(), [...STATES].sort());
  assert.deepEqual(TRANSITIONS.closed, {});
});

test('every state but closed can be closed, and every one with a socket or a plan becomes idle when unused', () => {
  for (const state of STATES.filter((each) => each !== 'closed')) {
    assert.deepEqual(TRANSITIONS[state].close, ['closed', 'reset'], state);
    assert.deepEqual(TRANSITIONS[state].unneeded, state === 'idle' ? undefined : ['idle', 'reset'], state);
  }
});

test('a connection opens, is lost, reopens, is renewed, and survives a renewal whose old link is lost', () => {
  assert.deepEqual(after('want', 'acknowledged', 'lost', 'retry', 'acknowledged'), [
    'connecting',
    'live',
    'waiting',
    'connecting',
    'live',
  ]);
  assert.deepEqual(after('want', 'acknowledged', 'renew', 'nextReady', 'renew', 'nextLost').slice(2), [
    'renewing',
    'live',
    'renewing',
    'live',
  ]);
  assert.deepEqual(after('want', 'acknowledged', 'renew', 'lost', 'acknowledged').slice(2), ['renewing', 'connecting', 'live']);
});

test('an event that a state does not list changes nothing', () => {
  assert.deepEqual(
    after('lost', 'acknowledged', 'retry', 'wake', 'renew', 'nextReady', 'nextLost', 'unneeded'),
    Array(8).fill('idle')
  );
  assert.deepEqual(after('want', 'renew', 'nextReady'), ['connecting', 'connecting', 'connecting']);
  assert.deepEqual(after('close', 'want', 'retry', 'wake'), ['closed', 'closed', 'closed', 'closed']);
});

test('a connection is reported as reconnecting only after it was live', () => {
  assert.deepEqual(
    STATES.map((state) => reported(state, false)),
    ['idle', 'connecting', 'connecting', 'live', 'live', 'closed']
  );
  assert.deepEqual(
    STATES.map((state) => reported(state, true)),
    ['idle', 'reconnecting', 'reconnecting', 'live', 'live', 'closed']
  );
});
