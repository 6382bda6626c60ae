import { isOver } from '@statusbeam/client';
import type { ReactNode } from 'react';
import { agoText, countText, etaText, percentText, plural } from '../format.ts';
import { isSilent, type ShownState, STATE_LABELS } from '../labels.ts';
import type { Job } from '../types.ts';
import { Bar } from '../ui/Bar.tsx';
import { Elapsed } from '../ui/Elapsed.tsx';
import { JobSummary } from './JobSummary.tsx';
import { endOf, type Moment, runStart, useMomentMs } from './moment.ts';

/** The job's newest message, its progress, the time that is left, and its numbers. */
export function Overview({ moment, state, problem }: { moment: Moment; state: ShownState; problem: string | null }) {
  const { job } = moment;
  const over = isOver(job);
  return (
    <section className="overview panel" aria-label="Overview" data-state={state}>
      <div className="overview-top">
        <JobSummary moment={moment} state={state} problem={problem} />
        <div className="progress-summary">
          {job.progress !== null && (
            <p className="percent tabular" id="percent">
              {percentText(job.progress)}
            </p>
          )}
          <TimeLeft job={job} state={state} />
        </div>
        <Bar value={job.progress ?? (over ? 0 : null)} label="Progress of the job" />
      </div>
      <dl className="numbers">
        <Fact name={over ? 'Took' : isSilent(state) ? 'Begun' : 'Running for'}>
          {!over && isSilent(state) ? (
            <Ago since={runStart(moment)} />
          ) : (
            <Elapsed from={runStart(moment)} to={over ? (endOf(moment)?.timestamp ?? job.lastUpdated) : null} />
          )}
        </Fact>
        <Fact name="Agents completed">
          <AgentCount job={job} />
        </Fact>
        <Fact name="Tokens">
          <Tokens job={job} />
        </Fact>
        <Fact name="Statuses">{job.sequence}</Fact>
      </dl>
    </section>
  );
}

function Ago({ since }: { since: string | null }) {
  const now = useMomentMs(true);
  return <>{since === null ? '–' : agoText(now - Date.parse(since))}</>;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="number">
      <dt>{name}</dt>
      <dd className="tabular">{children}</dd>
    </div>
  );
}

function AgentCount({ job }: { job: Job }) {
  const completed = job.agents.filter(({ status }) => status === 'success').length;
  const failed = job.agents.filter(({ status }) => status === 'error').length;
  if (job.agents.length === 0) {
    return <>–</>;
  }
  return (
    <>
      {completed} <span className="muted">of {job.agents.length}</span>
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
        {STATE_LABELS[job.overallStatus]}
      </p>
    );
  }
  if (state === 'waiting' || state === 'cancelling') {
    return (
      <p className="time-left" id="eta">
        {STATE_LABELS[state]}
      </p>
    );
  }
  const left = isSilent(state) ? null : etaText(job.eta, now - Date.parse(job.lastUpdated ?? ''));
  return (
    <p className="time-left" id="eta" title="Half of such jobs complete within the first, nine of ten within the second">
      {left ?? 'Time left unknown'}
    </p>
  );
}
