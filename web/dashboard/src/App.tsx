import { useEffect, useState } from 'react';
import { type PageConfig, readConfig } from './config.ts';
import { PageLayout } from './PageLayout.tsx';
import { answerInAddress, keyInLink, withoutKeys } from './router.ts';
import { Accounts } from './session/accounts.ts';
import { SignIn } from './session/SignIn.tsx';
import { linkSession, type Session } from './session/session.ts';
import { Header } from './shell/Header.tsx';
import { useTheme } from './shell/theme.ts';
import { AnnouncerProvider } from './ui/Announce.tsx';
import { Icon } from './ui/Icon.tsx';

/** The address of the page, as providers know it. */
const PAGE = new URL('./', document.baseURI).href;

type Stage =
  | { name: 'loading' }
  | { name: 'broken' }
  | { name: 'signed-out'; accounts: Accounts; isBadLink: boolean; isOver: boolean; problem: unknown }
  | { name: 'signed-in'; accounts: Accounts; session: Session };

/** The page: loading, the sign-in, then the user's jobs. */
export function App() {
  const [stage, setStage] = useState<Stage>({ name: 'loading' });
  const [theme, setTheme] = useTheme();

  useEffect(() => {
    void begin().then(setStage);
  }, []);

  useEffect(() => {
    if (stage.name !== 'signed-in' && stage.name !== 'signed-out') {
      return;
    }
    const session = stage.name === 'signed-in' ? stage.session : null;
    return session === null || session.kind === 'user' ? stage.accounts.follow(session, reload) : undefined;
  }, [stage]);

  if (stage.name === 'signed-in') {
    const { accounts, session } = stage;
    return (
      <AnnouncerProvider>
        <PageLayout
          config={accounts.config}
          session={session}
          theme={theme}
          onTheme={setTheme}
          onLeave={() => void leave(session)}
        />
      </AnnouncerProvider>
    );
  }
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Header session={null} connection="connecting" theme={theme} onTheme={setTheme} onLeave={reload} />
      <main id="main" tabIndex={-1} className="signed-out">
        {stage.name === 'broken' && (
          <p className="notice" role="alert" id="failure" data-state="failed">
            <Icon name="alert" />
            <span>
              <strong>The server does not answer.</strong> It may be starting, or a deployment is under way.
            </span>
            <button type="button" className="button" onClick={() => location.reload()}>
              Try again
            </button>
          </p>
        )}
        {stage.name === 'signed-out' && stage.isBadLink && (
          <p className="notice" role="alert" id="bad-link" data-state="stale">
            <Icon name="alert" />
            <span>The key in this link cannot be read. Was the link cut off? Sign in, or ask for a new one.</span>
          </p>
        )}
        {stage.name === 'signed-out' && stage.isOver && stage.problem === null && (
          <p className="notice" role="status" id="over" data-state="stale">
            <Icon name="alert" />
            <span>Your sign-in has ended. Sign in again to continue.</span>
          </p>
        )}
        {stage.name === 'signed-out' && (
          <SignIn
            accounts={stage.accounts}
            problem={stage.problem}
            onSession={(session) => setStage({ name: 'signed-in', accounts: stage.accounts, session })}
          />
        )}
      </main>
    </>
  );
}

/** Read the configuration, then sign in with the login in the address or in this browser. */
async function begin(): Promise<Stage> {
  let config: PageConfig;
  let accounts: Accounts;
  try {
    config = await readConfig();
    accounts = await Accounts.open(config, PAGE);
  } catch {
    return { name: 'broken' };
  }
  const key = keyInLink(location.hash);
  if (key) {
    showAddress(`${location.search}${withoutKeys(location.hash)}`);
    const session = linkSession(key);
    if (session) {
      return { name: 'signed-in', accounts, session };
    }
  }
  const answer = answerInAddress(location.search);
  const arrival = answer && (await accounts.arrive(answer));
  if (arrival) {
    showAddress(arrival.address ?? location.hash);
  }
  const session = arrival?.session ?? (await accounts.resume().catch(() => null));
  if (session) {
    return { name: 'signed-in', accounts, session };
  }
  const isOver = await accounts.isOver();
  return { name: 'signed-out', accounts, isBadLink: key !== null, isOver, problem: arrival?.problem ?? null };
}

/** Remove keys and a provider's answer from the address, because users share addresses. */
function showAddress(address: string): void {
  history.replaceState(null, '', `${location.pathname}${address}`);
}

/** The login of this browser has changed: load the page again, so that no data of the former login stays. */
function reload(): void {
  sessionStorage.clear();
  location.reload();
}

/** Sign out, here and at the provider, and remove all data of this user. */
async function leave({ login }: Session): Promise<void> {
  const url = login && (await login.signOut());
  sessionStorage.clear();
  location.replace(url ?? location.pathname);
}
