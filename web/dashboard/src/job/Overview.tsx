import type { ReactNode } from 'react';
import { countText, etaText, percentText, plural } from '../format.ts';
import type { Job } from '../types.ts';
import { Bar } from '../ui/Bar.tsx';
import { Elapsed } from '../ui/Elapsed.tsx';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { isSilent, type ShownState } from '../words.ts';
import { isOver, useMomentMs } from './moment.ts';

/** How far the job is, how long it may still take, and its numbers. */
export function Overview({ job, state }: { job: Job; state: ShownState }) {
  const over = isOver(job);
  return (
    <section className="overview panel" aria-label="Progress" data-state={state}>
      <div className="overview-bar">
        <p className="percent tabular" id="percent">
          {job.progress === null ? '–' : percentText(job.progress)}
        </p>
        <Bar value={job.progress ?? (over ? 0 : null)} label="Progress of the job" className="thick" />
        <TimeLeft job={job} state={state} />
      </div>
      <dl className="numbers">
        <Fact icon="clock" name={over ? 'Took' : isSilent(state) ? 'Begun' : 'Running for'}>
          <Elapsed from={job.createdAt} to={over ? job.lastUpdated : null} />
          {!over && isSilent(state) && ' ago'}
        </Fact>
        <Fact icon="agents" name="Agents done">
          <AgentCount job={job} />
        </Fact>
        <Fact icon="tokens" name="Tokens">
          <Tokens job={job} />
        </Fact>
        <Fact icon="list" name="Statuses">
          {job.sequence}
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ icon, name, children }: { icon: IconName; name: string; children: ReactNode }) {
  return (
    <div className="number">
      <dt>
        <Icon name={icon} size={14} />
        {name}
      </dt>
      <dd className="tabular">{children}</dd>
    </div>
  );
}

function AgentCount({ job }: { job: Job }) {
  const done = job.agents.filter(({ status }) => status === 'success').length;
  const failed = job.agents.filter(({ status }) => status === 'error').length;
  if (job.agents.length === 0) {
    return <>–</>;
  }
  return (
    <>
      {done} <span className="muted">of {job.agents.length}</span>
      {failed > 0 && <span className="bad-text"> · {plural(failed, 'failed', 'failed')}</span>}
    </>
  );
}

function Tokens({ job }: { job: Job }) {
  const usage = job.totalTokenUsage;
  if (!usage) {
    return <>–</>;
  }
  return (
    <>
      {countText(usage.totalTokens)}{' '}
      <span className="muted">
        {countText(usage.inputTokens)} in, {countText(usage.outputTokens)} out
      </span>
    </>
  );
}

/** The estimate as a range, p50 to p90, or that there is none. */
function TimeLeft({ job, state }: { job: Job; state: ShownState }) {
  const now = useMomentMs(!isOver(job));
  if (isOver(job)) {
    return (
      <p className="time-left" id="eta">
        {job.overallStatus === 'completed' ? 'Finished' : 'Stopped'}
      </p>
    );
  }
  const left = isSilent(state) ? null : etaText(job.eta, now - Date.parse(job.lastUpdated ?? ''));
  return (
    <p className="time-left" id="eta" title="Half of such jobs are done by the first, nine of ten by the second">
      {left ?? 'Time left unknown'}
    </p>
  );
}
