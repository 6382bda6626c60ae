import assert from 'node:assert/strict';
import test from 'node:test';

import { withAlignedTimers } from '../src/client/alignedTimers.ts';
import { World } from './sim/world.ts';

test('timers that are due together fire together, a cancelled one does not, and a failing one does not stop the others', () => {
  const world = new World();
  const { setTimeout, clearTimeout } = withAlignedTimers(world.environment);
  const rung: [name: string, at: number][] = [];
  const ring = (name: string) => () => rung.push([name, world.clock.now]);
  const begin = world.clock.now;
  const third = { timer: null as unknown };
  setTimeout(ring('one'), 100);
  setTimeout(() => {
    clearTimeout(third.timer);
    throw new Error('mine');
  }, 100);
  third.timer = setTimeout(ring('taken back'), 100);
  world.clock.runUntil(begin + 5);
  setTimeout(ring('two'), 90);
  setTimeout(ring('later'), 300);
  clearTimeout(setTimeout(ring('taken back at once'), 500));
  world.clock.runUntil(begin + 1_000);
  const [one, two, later] = rung;
  assert.deepEqual(
    rung.map(([name]) => name),
    ['one', 'two', 'later']
  );
  assert.equal(one?.[1], two?.[1]);
  assert.ok((one?.[1] ?? 0) >= begin + 100 && (later?.[1] ?? 0) >= begin + 305, 'never too early');
  assert.equal(world.reported.length, 1);
  assert.equal(world.clock.next, null);
});
