import assert from 'node:assert/strict';
import test from 'node:test';

import { type Machine, Runner } from '../src/client/runner.ts';
import { StatusbeamError } from '../src/errors.ts';
import { settled, World } from './sim/world.ts';

type Command = { type: 'note'; text: string } | { type: 'timer'; name: string; delay: number | null };

/** Notes each event, and passes the commands that a test gives it. */
class Notes implements Machine<Command> {
  readonly events: string[] = [];
  #commands: Command[] = [];

  take(): Command[] {
    return this.#commands.splice(0);
  }

  timer(name: string): void {
    this.events.push(`timer ${name}`);
  }

  event(name: string, ...commands: Command[]): void {
    this.events.push(name);
    this.#commands.push(...commands);
  }
}

function newRunner(world: World) {
  const carriedOut: string[] = [];
  let settledTimes = 0;
  const runner: Runner<Notes, Command> = new Runner<Notes, Command>(
    new Notes(),
    world.environment,
    ({ text }) => {
      carriedOut.push(text);
      if (text === 'nested') {
        runner.do((machine) => machine.event('inner', { type: 'note', text: 'last' }));
      }
      if (text === 'broken') {
        throw new Error('mine');
      }
    },
    () => {
      settledTimes += 1;
    }
  );
  return { runner, carriedOut, settledTimes: () => settledTimes };
}

test('commands are carried out in order, also those of an event that a command passes', () => {
  const { runner, carriedOut, settledTimes } = newRunner(new World());
  runner.do((machine) => machine.event('outer', { type: 'note', text: 'nested' }, { type: 'note', text: 'second' }));
  assert.deepEqual(carriedOut, ['nested', 'second', 'last']);
  assert.deepEqual(runner.machine.events, ['outer', 'inner']);
  assert.equal(settledTimes(), 1);
});

test('a command that throws does not keep later ones from being carried out', () => {
  const { runner, carriedOut } = newRunner(new World());
  assert.throws(() => runner.do((machine) => machine.event('one', { type: 'note', text: 'broken' })), /mine/);
  runner.do((machine) => machine.event('two', { type: 'note', text: 'fine' }));
  assert.deepEqual(carriedOut, ['broken', 'fine']);
});

test('a timer is restarted by its name, and stopped by a null delay or the end of the runner', () => {
  const world = new World();
  const { runner } = newRunner(world);
  const timers = (...delays: [string, number | null][]) =>
    runner.do((machine) => machine.event('set', ...delays.map(([name, delay]) => ({ type: 'timer', name, delay }) as const)));
  timers(['one', 100], ['two', 100], ['one', 300]);
  timers(['two', null]);
  world.clock.runUntil(world.clock.now + 200);
  assert.deepEqual(runner.machine.events, ['set', 'set']);
  world.clock.runUntil(world.clock.now + 200);
  assert.deepEqual(runner.machine.events, ['set', 'set', 'timer one']);
  timers(['three', 100]);
  runner.stop();
  world.clock.runUntil(world.clock.now + 200);
  assert.equal(runner.machine.events.at(-1), 'set');
});

test('an answer is passed as received or as failed, a defect is reported, and a stopped machine gets neither', async () => {
  const world = new World();
  const { runner } = newRunner(world);
  const ask = (asked: Promise<string>) =>
    runner.answer(
      asked,
      (machine, answer) => machine.event(`received ${answer}`),
      (machine, { code }) => machine.event(`failed ${code}`)
    );
  await ask(Promise.resolve('a'));
  await ask(Promise.reject(new StatusbeamError('forbidden', 'no')));
  await ask(Promise.reject(new TypeError('a defect')));
  assert.deepEqual(runner.machine.events, ['received a', 'failed forbidden', 'failed unavailable']);
  assert.equal(world.reported.length, 1);
  runner.stop();
  await ask(Promise.resolve('b'));
  await settled();
  assert.equal(runner.machine.events.length, 3);
});
