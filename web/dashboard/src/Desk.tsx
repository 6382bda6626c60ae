import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { PageConfig } from './config.ts';
import { Compose } from './demo/Compose.tsx';
import { JobPage } from './job/JobPage.tsx';
import { JobList, NO_JOBS } from './jobs/JobList.tsx';
import type { Route } from './router.ts';
import type { Session } from './session/session.ts';
import { useClient } from './session/useClient.ts';
import { Header } from './shell/Header.tsx';
import type { Theme } from './shell/theme.ts';
import { useRoute } from './shell/useRoute.ts';
import { TenantPage } from './tenant/TenantPage.tsx';
import type { Client, JobState } from './types.ts';
import { Icon } from './ui/Icon.tsx';
import { useWatch } from './ui/useWatch.ts';

interface Props {
  config: PageConfig;
  session: Session;
  theme: Theme;
  onTheme: (theme: Theme) => void;
  onLeave: () => void;
}

/** The page of somebody who is signed in: their jobs beside the one that is open. */
export function Desk({ config, session, theme, onTheme, onLeave }: Props) {
  const route = useRoute();
  const { client, cut } = useClient(config, session);
  const everything = useMemo(() => client.watchUser({ pageSize: 20 }), [client]);
  useEffect(() => () => everything.close(), [everything]);
  const { connection } = useWatch(everything, NO_JOBS);
  const canStart = Boolean(config.demoUsers && session.token);
  const view = route.view;
  useArrival(route);
  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <Header session={session} connection={connection} theme={theme} onTheme={onTheme} onLeave={onLeave} />
      <div className="desk" data-view={view} id="desk">
        <div className="side">
          <JobList
            client={client}
            everything={everything}
            currentId={view === 'job' ? route.jobId : null}
            canStart={canStart}
            isOperator={session.isOperator}
            isTenantOpen={view === 'tenant'}
          />
        </div>
        <main id="main" tabIndex={-1}>
          {view === 'job' ? (
            <OpenJob
              key={route.jobId}
              client={client}
              session={session}
              jobId={route.jobId}
              sequence={route.sequence}
              onCut={canStart ? cut : null}
            />
          ) : view === 'tenant' && session.isOperator ? (
            <OpenTenant client={client} tenantId={session.tenantId ?? ''} />
          ) : canStart && session.token ? (
            <Compose token={session.token} />
          ) : (
            <NoJob />
          )}
        </main>
      </div>
    </>
  );
}

interface OpenJobProps {
  client: Client;
  session: Session;
  jobId: string;
  sequence: number | null;
  onCut: (() => void) | null;
}

function OpenJob({ client, session, jobId, sequence, onCut }: OpenJobProps) {
  const watch = useOpened(useCallback(() => client.watchJob(jobId), [client, jobId]));
  const ownerId = useWatch<JobState | null>(watch, null)?.job.userId ?? null;
  const isAnothers = session.isOperator && ownerId !== null && ownerId !== session.userId;
  // Operators may read another's job; they hear of it with the tenant.
  useEffect(() => {
    const tenant = isAnothers ? client.watchTenant() : null;
    return () => tenant?.close();
  }, [client, isAnothers]);
  return watch ? <JobPage client={client} watch={watch} jobId={jobId} sequence={sequence} onCut={onCut} /> : null;
}

function OpenTenant({ client, tenantId }: { client: Client; tenantId: string }) {
  const watch = useOpened(useCallback(() => client.watchTenant(), [client]));
  return watch ? <TenantPage tenantId={tenantId} watch={watch} /> : null;
}

/** Something of the client's that is open while this is shown. */
function useOpened<W extends { close: () => void }>(open: () => W): W | null {
  const [watch, setWatch] = useState<W | null>(null);
  useEffect(() => {
    const opened = open();
    setWatch(opened);
    return () => opened.close();
  }, [open]);
  return watch;
}

function NoJob() {
  useEffect(() => {
    document.title = 'Statusbeam';
  }, []);
  return (
    <div className="empty" id="job-empty">
      <Icon name="agents" size={36} />
      <h2>No job open</h2>
      <p>Open one of your jobs. Its statuses appear here as they happen.</p>
    </div>
  );
}

/** A link within the page brings the reader to what it opened; the page's first look does not take the focus. */
function useArrival(route: Route): void {
  const key = route.view === 'job' ? route.jobId : route.view;
  const known = useRef(key);
  useEffect(() => {
    if (known.current === key) {
      return;
    }
    known.current = key;
    document.getElementById('main')?.scrollTo(0, 0);
    scrollTo(0, 0);
    if (route.view !== 'job') {
      document.title = 'Statusbeam';
    }
    requestAnimationFrame(() => document.querySelector<HTMLElement>('#main h1')?.focus());
  }, [key, route.view]);
}
