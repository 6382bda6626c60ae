// @statusbeam/client follows one job. The configuration comes on stdin; each state goes out as a line.
// {url, auth: {type, key?, userId?, tokens?, userClaim?}, jobId, timeoutMs}: of `tokens`, each refusal takes the next one.

import { text } from 'node:stream/consumers';

import { type Auth, connect, type JobState } from '../../../web/client/src/index.ts';

interface Config {
  readonly url: string;
  readonly auth:
    | { readonly type: 'apiKey'; readonly key: string; readonly userId: string }
    | { readonly type: 'cognito'; readonly tokens: string[]; readonly userClaim: string }
    | { readonly type: 'viewToken'; readonly tokens: string[] };
  readonly jobId: string;
  readonly timeoutMs: number;
}

const { url, auth, jobId, timeoutMs } = JSON.parse(await text(process.stdin)) as Config;

function authOf(): Auth {
  if (auth.type === 'apiKey') {
    return auth;
  }
  const tokens = [...auth.tokens];
  const token = async ({ refused }: { refused: boolean }) => {
    if (refused && tokens.length > 1) {
      tokens.shift();
    }
    return tokens[0] as string;
  };
  return auth.type === 'cognito' ? { type: auth.type, token, userClaim: auth.userClaim } : { type: auth.type, token };
}

function print({ job, updates, verdict, reason, connection, recovery, error }: JobState): void {
  const sequences = updates.map(({ sequence }) => sequence);
  const state = {
    verdict,
    reason,
    connection,
    recovery,
    error: error?.message ?? null,
    errorType: error?.errorType ?? null,
    overallStatus: job.overallStatus,
    job,
    sequences,
  };
  process.stdout.write(`${JSON.stringify({ event: 'state', ...state })}\n`);
}

const client = connect({ url, auth: authOf() });
const watch = client.watchJob(jobId, print);
const timer = setTimeout(() => client.close(), timeoutMs);
watch.subscribe(({ verdict, job }) => {
  if (verdict === 'whole' && job.overallStatus === 'completed') {
    clearTimeout(timer);
    client.close();
  }
});
