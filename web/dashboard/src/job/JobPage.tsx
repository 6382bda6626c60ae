import { useJob, useJobWatch } from '@statusbeam/client/react';
import { useEffect, useMemo, useState } from 'react';
import { AgentCards } from '../agents/AgentCards.tsx';
import { complaints } from '../demo/complaintStore.ts';
import { WorkOrder } from '../demo/WorkOrder.tsx';
import { jobState } from '../labels.ts';
import { Log } from '../log/Log.tsx';
import type { Session } from '../session/session.ts';
import { Timeline } from '../timeline/Timeline.tsx';
import { TimeTravel } from '../travel/TimeTravel.tsx';
import { useTravel } from '../travel/useTravel.ts';
import type { Client, JobState } from '../types.ts';
import { useDisconnectedSince, useNow } from '../ui/clock.ts';
import { Icon } from '../ui/Icon.tsx';
import { Completeness } from './Completeness.tsx';
import { JobHead } from './JobHead.tsx';
import { jobLivenessAt } from './liveness.ts';
import { isOver, PastProvider } from './moment.ts';
import { Overview } from './Overview.tsx';
import { useAddress, useAnnouncements, useLinks, useTitle } from './pageEffects.ts';
import { useHistory } from './useHistory.ts';
import { useMoment } from './useMoment.ts';

interface Props {
  client: Client;
  session: Session;
  jobId: string;
  /** Where in its past the address points to. */
  sequence: number | null;
  /** Breaks the connection, to show that it recovers; null where that is not offered. */
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
  const isLooking = state.job.sequence === 0 && (state.verdict === 'joining' || state.error !== null);
  const liveness = jobLivenessAt(moment.job, moment.atMs ?? now, disconnectedSinceMs);
  const shown = isLooking ? 'looking' : jobState(moment.job.overallStatus, moment.job.sequence, liveness);
  const [chosen, setChosen] = useState<string | null>(null);
  useTenantWatch(client, session, state.job.userId);
  useAddress(jobId, at, travel.isPlaying);
  useLinks(jobId, travel.goTo);
  useTitle(shown, moment.job, at !== null);
  useAnnouncements(state, shown, at !== null);
  const completeness = useMemo(() => <Completeness state={state} isReading={isReading} />, [state, isReading]);
  return (
    <PastProvider value={moment.atMs}>
      <article className="job" id="job" aria-labelledby="job-title" data-past={at !== null || undefined}>
        <div className="job-main">
          <JobHead
            job={{ ...moment.job, createdAt: moment.job.createdAt ?? state.job.createdAt }}
            state={shown}
            text={complaints()[jobId] ?? null}
            now={now}
          />
          {state.firstSequence > 1 && !isReading && state.verdict !== 'joining' && <Cut state={state} />}
          <Overview moment={moment} state={shown} />
          <WorkOrder updates={moment.updates} />
          <Timeline moment={moment} chosen={chosen} onChoose={setChosen} />
          <AgentCards moment={moment} chosen={chosen} onChoose={setChosen} />
        </div>
        <Log
          updates={moment.updates}
          agents={moment.job.agents}
          startedAt={moment.job.createdAt}
          fromLog={state.fromLog}
          chosen={chosen}
          onChoose={setChosen}
          completeness={completeness}
        />
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
        The log before status {state.firstSequence} is no longer kept. The job's snapshot shows the result of that time. Time
        travel needs the whole log.
      </span>
    </p>
  );
}

/** Operators may read another user's job; its pushes come with the tenant's. */
function useTenantWatch(client: Client, session: Session, ownerId: string | null): void {
  const isAnothers = session.isOperator && ownerId !== null && ownerId !== session.userId;
  useEffect(() => {
    const tenant = isAnothers ? client.watchTenant() : null;
    return () => tenant?.close();
  }, [client, isAnothers]);
}
