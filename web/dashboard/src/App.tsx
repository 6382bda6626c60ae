import { useEffect, useState } from 'react';
import { type PageConfig, readConfig } from './config.ts';
import { PageLayout } from './PageLayout.tsx';
import { keyInLink, withoutKeys } from './router.ts';
import { CognitoSession, signIn } from './session/cognito.ts';
import { SignIn } from './session/SignIn.tsx';
import { linkSession, type Session, userSession } from './session/session.ts';
import { Header } from './shell/Header.tsx';
import { useTheme } from './shell/theme.ts';
import { AnnouncerProvider } from './ui/Announce.tsx';
import { Icon } from './ui/Icon.tsx';

const USER_KEY = 'statusbeam-user';

type Stage =
  | { name: 'loading' }
  | { name: 'broken' }
  | { name: 'signed-out'; config: PageConfig; isBadLink: boolean }
  | { name: 'signed-in'; config: PageConfig; session: Session };

/** The page, from loading over signing in to the user's jobs. */
export function App() {
  const [stage, setStage] = useState<Stage>({ name: 'loading' });
  const [theme, setTheme] = useTheme();

  useEffect(() => {
    void begin().then(setStage);
  }, []);

  const enter = (config: PageConfig) => (session: Session) => {
    if (session.kind === 'user' && config.demoUsers) {
      sessionStorage.setItem(USER_KEY, session.name);
    }
    setStage({ name: 'signed-in', config, session });
  };

  if (stage.name === 'signed-in') {
    return (
      <AnnouncerProvider>
        <PageLayout config={stage.config} session={stage.session} theme={theme} onTheme={setTheme} onLeave={leave} />
      </AnnouncerProvider>
    );
  }
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Header session={null} connection="connecting" theme={theme} onTheme={setTheme} onLeave={leave} />
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
        {stage.name === 'signed-out' && <SignIn config={stage.config} onSession={enter(stage.config)} />}
      </main>
    </>
  );
}

/** Read the configuration, then sign in with what the link or this tab brings along. */
async function begin(): Promise<Stage> {
  let config: PageConfig;
  try {
    config = await readConfig();
  } catch {
    return { name: 'broken' };
  }
  const key = keyInLink(location.hash);
  if (key) {
    history.replaceState(null, '', `${location.pathname}${location.search}${withoutKeys(location.hash)}`);
    const session = linkSession(key);
    if (session) {
      return { name: 'signed-in', config, session };
    }
  }
  const known = config.demoUsers?.find(({ username }) => username === sessionStorage.getItem(USER_KEY));
  if (known) {
    const signedIn = await signIn(config, known.username, known.password).catch(() => null);
    if (signedIn instanceof CognitoSession) {
      return { name: 'signed-in', config, session: userSession(known.username, signedIn) };
    }
  }
  return { name: 'signed-out', config, isBadLink: key !== null };
}

/** Reload the page, so that nothing of this user is left for the next one. */
function leave(): void {
  sessionStorage.clear();
  location.replace(location.pathname);
}
