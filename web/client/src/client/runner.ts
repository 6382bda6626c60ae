// Runs a state machine: passes events to it, carries out its commands, keeps its timers, and passes answers back.

import { readError, type StatusbeamError } from '../errors.ts';
import type { Environment } from './environment.ts';

interface TimerCommand {
  readonly type: 'timer';
  readonly name: string;
  /** Null stops the timer. */
  readonly delay: number | null;
}

export interface Machine<Command> {
  /** The commands since the last call. */
  take(): Command[];
  timer(name: string): void;
}

/** The commands that a runner's owner carries out. */
export type Work<Command> = Exclude<Command, TimerCommand>;

export class Runner<M extends Machine<Command | TimerCommand>, Command extends { readonly type: string }> {
  readonly machine: M;
  #environment: Pick<Environment, 'setTimeout' | 'clearTimeout' | 'report'>;
  #carryOut: (command: Work<Command>) => void;
  #settled: () => void;
  #timers = new Map<string, unknown>();
  #isRunning = false;
  #isStopped = false;

  /** `settled` is called after each event and all its commands. */
  constructor(
    machine: M,
    environment: Pick<Environment, 'setTimeout' | 'clearTimeout' | 'report'>,
    carryOut: (command: Work<Command>) => void,
    settled: () => void = () => undefined
  ) {
    this.machine = machine;
    this.#environment = environment;
    this.#carryOut = carryOut;
    this.#settled = settled;
  }

  /** Pass an event to the machine, then carry out its commands. A command may pass further events. */
  do(event: (machine: M) => void): void {
    if (this.#isStopped) {
      return;
    }
    event(this.machine);
    if (this.#isRunning) {
      return;
    }
    this.#isRunning = true;
    try {
      for (let commands = this.machine.take(); commands.length > 0; commands = this.machine.take()) {
        for (const command of commands) {
          if (command.type === 'timer') {
            const { name, delay } = command as TimerCommand;
            this.timer(name, delay, () => this.do((machine) => machine.timer(name)));
          } else {
            this.#carryOut(command as Work<Command>);
          }
        }
      }
    } finally {
      this.#isRunning = false;
    }
    this.#settled();
  }

  /** Wait for an answer and pass it to the machine, as `received` or as `failed`. */
  async answer<Answer>(
    asked: Promise<Answer>,
    received: (machine: M, answer: Answer) => void,
    failed: (machine: M, error: StatusbeamError) => void
  ): Promise<void> {
    try {
      const answer = await asked;
      this.do((machine) => received(machine, answer));
    } catch (error) {
      const read = readError(error, this.#environment.report);
      this.do((machine) => failed(machine, read));
    }
  }

  /** Restart a timer; `delay` null stops it. */
  timer(name: string, delay: number | null, action: () => void): void {
    this.#environment.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (delay !== null && !this.#isStopped) {
      const fire = () => {
        this.#timers.delete(name);
        action();
      };
      this.#timers.set(name, this.#environment.setTimeout(fire, delay));
    }
  }

  /** Ignore all further events and answers. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) {
      this.#environment.clearTimeout(timer);
    }
    this.#timers.clear();
  }
}
