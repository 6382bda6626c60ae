import { isOver } from '@statusbeam/client';
import { watchTenant } from '@statusbeam/client/lists';
import { useJob, useJobWatch } from '@statusbeam/client/react';
import { useEffect, useMemo, useState } from 'react';
import { AgentCards } from '../agents/AgentCards.tsx';
import { AnswerPanel } from '../answer/AnswerPanel.tsx';
import { CancelButton } from '../cancel/CancelButton.tsx';
import { titleOf } from '../demo/complaintStore.ts';
import { Graph } from '../graph/Graph.tsx';
import { hasGraph } from '../graph/plan.ts';
import { Log } from '../log/Log.tsx';
import { ResultPanel } from '../result/ResultPanel.tsx';
import type { Session } from '../session/session.ts';
import { Timeline } from '../timeline/Timeline.tsx';
import { PastBanner } from '../travel/PastBanner.tsx';
import { TimeTravel } from '../travel/TimeTravel.tsx';
import { useTravel } from '../travel/useTravel.ts';
import type { Client, JobState } from '../types.ts';
import { PanelBoundary } from '../ui/Boundary.tsx';
import { useDisconnectedSince, useNow } from '../ui/clock.ts';
import { Icon } from '../ui/Icon.tsx';
import { Completeness } from './Completeness.tsx';
import { JobHead } from './JobHead.tsx';
import { jobStateAt } from './liveness.ts';
import { endOf, PastProvider, runStart } from './moment.ts';
import { Overview } from './Overview.tsx';
import { useAddress, useAnnouncements, useLinks, useTitle } from './pageEffects.ts';
import { useHistory } from './useHistory.ts';
import { useMoment } from './useMoment.ts';

interface Props {
  client: Client;
  session: Session;
  jobId: string;
  /** The past moment in the address. */
  sequence: number | null;
  /** Breaks the connection, to show that it recovers; null outside the demo. */
  onCut: (() => void) | null;
}

/** One job, now or at any moment of its past. */
export function JobPage({ client, session, jobId, sequence, onCut }: Props) {
  const state = useJob(client, jobId, { oncePerFrame: true });
  const watch = useJobWatch(client, jobId);
  const isReading = useHistory(watch, state);
  const canTravel = state.updates.length > 0 && state.firstSequence <= 1;
  const travel = useTravel(state.updates, sequence);
  const at = canTravel ? travel.at : null;
  const disconnectedSinceMs = useDisconnectedSince(state.connection, state.error !== null);
  const moment = useMoment(watch, state, at, disconnectedSinceMs);
  const now = useNow(!isOver(moment.job));
  const problem = state.reason === 'invalid_id' ? (state.error?.message ?? null) : null;
  const onTravel = canTravel ? travel.goTo : null;
  const isLooking = state.job.sequence === 0 && problem === null && (state.verdict === 'joining' || state.error !== null);
  const shown =
    problem !== null ? 'unknown' : isLooking ? 'looking' : jobStateAt(moment.job, moment.atMs ?? now, disconnectedSinceMs);
  const isOwn = state.job.userId === session.userId || session.isOperator;
  const canAct =
    session.kind !== 'apiKey' &&
    isOwn &&
    at === null &&
    !isOver(state.job) &&
    state.job.cancelRequest === null &&
    state.job.sequence > 0;
  const [couldAct, setCouldAct] = useState(false);
  if (canAct && !couldAct) {
    setCouldAct(true);
  }
  const [chosen, setChosen] = useState<string | null>(null);
  useTenantWatch(client, session, state.job.userId);
  // Until the log is read, nobody knows whether the moment of the link can be shown, so the link keeps it.
  const isRead = state.verdict !== 'joining' && !isReading;
  useAddress(jobId, isRead ? at : travel.at, travel.isPlaying);
  useLinks(jobId, travel.goTo);
  useTitle(shown, moment.job, at !== null);
  useAnnouncements(state, shown, at !== null);
  const completeness = useMemo(() => <Completeness state={state} isReading={isReading} />, [state, isReading]);
  return (
    <PastProvider value={moment.atMs}>
      <article className="job" id="job" aria-labelledby="job-title" data-past={at !== null || undefined}>
        {at !== null && moment.atMs !== null && (
          <PastBanner
            jobId={jobId}
            sequence={at}
            atMs={moment.atMs}
            isOver={isOver(state.job)}
            onLeave={() => travel.goTo(null)}
          />
        )}
        <div className="job-main">
          <JobHead
            job={moment.job}
            state={shown}
            title={titleOf({ ...state.job, jobId })}
            now={now}
            runStartedAt={runStart({ ...moment, job: { ...moment.job, createdAt: moment.job.createdAt ?? state.job.createdAt } })}
            runs={state.job.run}
            onTravel={onTravel}
          >
            {couldAct && <CancelButton client={client} jobId={jobId} isShown={canAct} />}
          </JobHead>
          {state.firstSequence > 1 && !isReading && state.verdict !== 'joining' && <Cut state={state} />}
          <PanelBoundary name="The overview" resetKeys={[moment]}>
            <Overview moment={moment} state={shown} problem={problem} />
          </PanelBoundary>
          {canAct && (
            <PanelBoundary name="The decision" resetKeys={[moment]}>
              <AnswerPanel client={client} jobId={jobId} job={state.job} />
            </PanelBoundary>
          )}
          <PanelBoundary name="The result" resetKeys={[moment]}>
            {moment.job.result !== null && (
              <ResultPanel jobId={jobId} result={moment.job.result} endSequence={endOf(moment)?.sequence ?? null} />
            )}
          </PanelBoundary>
          {hasGraph(moment.job.agents) && (
            <PanelBoundary name="The plan" resetKeys={[moment]}>
              <Graph moment={moment} chosen={chosen} onChoose={setChosen} />
            </PanelBoundary>
          )}
          <PanelBoundary name="The timeline" resetKeys={[moment]}>
            <Timeline moment={moment} chosen={chosen} onChoose={setChosen} onTravel={onTravel} />
          </PanelBoundary>
          <PanelBoundary name="The agents" resetKeys={[moment]}>
            <AgentCards moment={moment} chosen={chosen} onChoose={setChosen} />
          </PanelBoundary>
        </div>
        <PanelBoundary name="The log" resetKeys={[moment]}>
          <Log
            updates={moment.updates}
            agents={moment.job.agents}
            startedAt={moment.job.createdAt}
            fromLog={state.fromLog}
            chosen={chosen}
            onChoose={setChosen}
            onTravel={onTravel}
            completeness={completeness}
          />
        </PanelBoundary>
        {onCut && (
          <p className="cut-connection muted small">
            <button type="button" className="button" id="cut" onClick={onCut}>
              Cut the connection
            </button>
            The page reconnects by itself, and reads what it missed from the log.
          </p>
        )}
      </article>
      <TimeTravel
        jobId={jobId}
        travel={canTravel ? travel : { ...travel, at: null }}
        updates={canTravel ? state.updates : []}
        startedAt={state.job.createdAt}
        isOver={isOver(state.job)}
      />
    </PastProvider>
  );
}

function Cut({ state }: { state: JobState }) {
  return (
    <p className="notice" data-state="stale">
      <Icon name="info" />
      <span>
        {state.updates.length === 0
          ? 'The log of this job is no longer kept.'
          : `The log before status ${state.firstSequence} is no longer kept.`}{' '}
        The job's snapshot shows the result of that time. Time travel needs the whole log.
      </span>
    </p>
  );
}

/** Operators may read another user's job; its pushes come with the tenant's. */
function useTenantWatch(client: Client, session: Session, ownerId: string | null): void {
  const isAnothers = session.isOperator && ownerId !== null && ownerId !== session.userId;
  useEffect(() => {
    const tenant = isAnothers ? watchTenant(client) : null;
    return () => tenant?.close();
  }, [client, isAnothers]);
}
