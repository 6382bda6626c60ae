// The door of the Node scripts: configuration in on stdin as one JSON text, one JSON line out per event.
import { text } from 'node:stream/consumers';

const emit = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

/** Runs `subscribe(config, emit)`; exit code 0 once it resolves, 1 with an {event: "error"} line when it rejects or time is up. */
export async function run(subscribe, describe) {
  const config = JSON.parse(await text(process.stdin));
  const timeout = setTimeout(() => {
    emit({ event: 'error', error: `nothing more within ${config.timeoutMs} ms` });
    process.exit(1);
  }, config.timeoutMs);
  try {
    await subscribe(config, emit);
  } catch (error) {
    emit({ event: 'error', error: describe(error) });
    process.exitCode = 1;
  }
  clearTimeout(timeout);
  // The clients keep their shared socket and its timers; the script's work is done.
  process.exit();
}
