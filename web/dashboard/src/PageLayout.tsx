import { useJobs } from '@statusbeam/client/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ConfigContext, type PageConfig } from './config.ts';
import { Compose } from './demo/Compose.tsx';
import { JobPage } from './job/JobPage.tsx';
import { JobList } from './jobs/JobList.tsx';
import { type Details, DetailsProvider } from './log/DetailPanel.tsx';
import type { Route } from './router.ts';
import { endSessions, isLoginOver } from './session/endSessions.ts';
import type { Session } from './session/session.ts';
import { useClient } from './session/useClient.ts';
import { Header } from './shell/Header.tsx';
import type { Theme } from './shell/theme.ts';
import { useRoute } from './shell/useRoute.ts';
import { TenantPage } from './tenant/TenantPage.tsx';
import { Clock, ClockProvider } from './ui/clock.ts';
import { Icon } from './ui/Icon.tsx';

interface Props {
  config: PageConfig;
  session: Session;
  theme: Theme;
  onTheme: (theme: Theme) => void;
  onLeave: () => void;
}

/** The page of a signed-in user: their jobs beside the open one. */
export function PageLayout({ config, session, theme, onTheme, onLeave }: Props) {
  const route = useRoute();
  const { client, cut } = useClient(config, session);
  const everything = useJobs(client, { oncePerFrame: true });
  const clock = useMemo(() => new Clock(() => client.now() * 1000), [client]);
  const details = useMemo<Details>(
    () => ({ isOperator: session.isOperator, read: (jobId, sequence) => client.getStatusDetail(jobId, sequence) }),
    [client, session.isOperator]
  );
  const canStart = Boolean(config.hasExample && session.token);
  const view = route.view;
  const [isStillIn, setStillIn] = useState(false);
  const signOut = () => void endSessions(client, session.userId).then(onLeave, () => setStillIn(true));
  useArrival(route);
  return (
    <ClockProvider value={clock}>
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <Header
        session={session}
        connection={everything.connection}
        theme={theme}
        onTheme={onTheme}
        onLeave={onLeave}
        onSignOut={session.kind === 'user' ? signOut : null}
      />
      <div className="page-layout" data-view={view} id="page-layout">
        <div className="side">
          <JobList
            client={client}
            everything={everything}
            currentId={view === 'job' ? route.jobId : null}
            canStart={canStart}
            canList={session.kind !== 'apiKey'}
            isOperator={session.isOperator}
            isTenantOpen={view === 'tenant'}
          />
        </div>
        <main id="main" tabIndex={-1}>
          {isLoginOver(everything.error) && <Ended session={session} isRefused={everything.error?.code === 'login_ended'} />}
          {isStillIn && <StillSignedIn />}
          <ConfigContext value={config}>
            <DetailsProvider value={details}>
              {view === 'job' ? (
                <JobPage
                  key={route.jobId}
                  client={client}
                  session={session}
                  jobId={route.jobId}
                  sequence={route.sequence}
                  onCut={canStart ? cut : null}
                />
              ) : view === 'tenant' && session.isOperator ? (
                <TenantPage client={client} tenantId={session.tenantId ?? ''} />
              ) : canStart && session.token ? (
                <Compose token={session.token} />
              ) : (
                <NoJob />
              )}
            </DetailsProvider>
          </ConfigContext>
        </main>
      </div>
    </ClockProvider>
  );
}

/** The login has ended: the page may be out of date, and only a new sign-in helps. */
function Ended({ session: { kind, login }, isRefused }: { session: Session; isRefused: boolean }) {
  const signInAgain = () => void login?.end({ isRefused }).then(() => location.reload());
  return (
    <p className="notice" role="alert" id="ended" data-state="stale">
      <Icon name="alert" />
      <span>
        {kind === 'user' ? 'Your sign-in has ended.' : 'This link is no longer valid. Ask for a new one where you got it.'} What
        you see may be old.
      </span>
      {kind === 'user' && (
        <button type="button" className="button" onClick={signInAgain}>
          Sign in again
        </button>
      )}
    </p>
  );
}

/** The sign-out on all devices failed: the user must know. */
function StillSignedIn() {
  return (
    <p className="notice" role="alert" id="still-signed-in" data-state="failed">
      <Icon name="alert" />
      <span>
        <strong>You are still signed in.</strong> The service did not answer. Try again.
      </span>
    </p>
  );
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

/**
 * A link within the page moves the focus to what it opened, and to the form where one was asked for. Loading the page does
 * not, and nor does a home page that has the form beside the list: the keys of the list would be typed into it.
 */
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
    requestAnimationFrame(() => document.querySelector<HTMLElement>(route.view === 'new' ? '#complaint' : '#main h1')?.focus());
  }, [key, route.view]);
}
