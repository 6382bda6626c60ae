import { type FormEvent, useCallback, useState } from 'react';
import type { DemoUser } from '../config.ts';
import { Icon } from '../ui/Icon.tsx';
import type { Accounts } from './accounts.ts';
import { answerChallenge, type Challenge, isChallenge, signIn } from './cognito.ts';
import { ProviderButton } from './ProviderButton.tsx';
import type { Session } from './session.ts';
import type { Tokens } from './tokens.ts';

interface Props {
  accounts: Accounts;
  /** Why the reader is not signed in, if a sign-in failed elsewhere. */
  problem: unknown;
  onSession: (session: Session) => void;
}

/** The sign-in: a button for each demo user, name and password for other users, or the provider's button. */
export function SignIn({ accounts, problem: first, onSession }: Props) {
  const { demoUsers, signIn: how } = accounts.config;
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [problem, setProblem] = useState(first === null ? '' : messageOf(first));
  const [isBusy, setBusy] = useState(false);

  const attempt = async (work: () => Promise<void>) => {
    setProblem('');
    setBusy(true);
    try {
      await work();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  const proceed = async (name: string, answer: Tokens | Challenge) => {
    if (isChallenge(answer)) {
      setChallenge(answer);
      setBusy(false);
    } else {
      onSession(await accounts.begin(name, answer));
    }
  };
  const goToProvider = () =>
    void attempt(async () => {
      const url = await accounts.signInUrl(`${location.search}${location.hash}`);
      if (url !== null) {
        location.assign(url);
      }
    });
  const enter = (username: string, password: string) =>
    void attempt(async () => {
      if (how.kind === 'password') {
        await proceed(username, await signIn(how, username, password));
      }
    });
  const answer = (text: string) =>
    void attempt(async () => {
      if (how.kind === 'password' && challenge) {
        await proceed(challenge.username, await answerChallenge(how, challenge, text));
      }
    });
  const handleReturn = useCallback(() => setBusy(false), []);

  return (
    <section className="sign-in" aria-labelledby="sign-in-title">
      <header>
        <h1 id="sign-in-title">See what your agents are doing</h1>
        <p className="lead">Live, in order, without gaps.</p>
        <Picture />
      </header>
      <div className="sign-in-forms">
        {problem && (
          <p className="notice" role="alert" id="failure" data-state="failed">
            <Icon name="alert" />
            <span>
              <strong>Signing in failed.</strong> {problem}
            </span>
          </p>
        )}
        {how.kind !== 'password' ? (
          <ProviderButton signIn={how} isBusy={isBusy} onLeave={goToProvider} onReturn={handleReturn} />
        ) : challenge ? (
          <ChallengeForm challenge={challenge} isBusy={isBusy} onAnswer={answer} />
        ) : demoUsers ? (
          <DemoUsers users={demoUsers} isBusy={isBusy} onEnter={enter} />
        ) : (
          <PasswordForm isBusy={isBusy} onEnter={enter} />
        )}
      </div>
    </section>
  );
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const PICTURED = [
  { state: 'success', from: 0, to: 46 },
  { state: 'success', from: 8, to: 30 },
  { state: 'error', from: 14, to: 26 },
  { state: 'success', from: 32, to: 52 },
  { state: 'in-progress', from: 52, to: 100 },
];

/** A timeline as a picture. */
function Picture() {
  return (
    <div className="sign-in-picture" aria-hidden="true">
      {PICTURED.map(({ state, from, to }) => (
        <div className="track" key={from}>
          <span
            className="bar-shape"
            data-state={state}
            data-open={to === 100 || undefined}
            style={{ left: `${from}%`, width: `${to - from}%` }}
          />
        </div>
      ))}
    </div>
  );
}

function DemoUsers({
  users,
  isBusy,
  onEnter,
}: {
  users: DemoUser[];
  isBusy: boolean;
  onEnter: (username: string, password: string) => void;
}) {
  return (
    <>
      <p className="label">Pick a demo user; each sees only their own jobs.</p>
      <ul className="users panel" id="users">
        {users.map((user) => (
          <li key={user.username}>
            <button type="button" className="user" disabled={isBusy} onClick={() => onEnter(user.username, user.password)}>
              <span className="avatar" aria-hidden="true">
                {user.username.split('-').at(-1)?.slice(0, 1)}
              </span>
              <span className="user-name">{user.username}</span>
              <span className="user-more">{[user.tenantId, ...(user.roles ?? [])].join(' · ')}</span>
              <Icon name="right" size={14} />
            </button>
          </li>
        ))}
      </ul>
      <p className="muted small">These users live in the local Cognito pool; their passwords are made new at every start.</p>
    </>
  );
}

function PasswordForm({ isBusy, onEnter }: { isBusy: boolean; onEnter: (username: string, password: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    onEnter(String(form.get('username')), String(form.get('password')));
  };
  return (
    <form className="panel sign-in-form" onSubmit={submit}>
      <div>
        <label htmlFor="username">User name or e-mail</label>
        <input id="username" name="username" type="text" autoComplete="username" required />
      </div>
      <div>
        <label htmlFor="password">Password</label>
        <input id="password" name="password" type="password" autoComplete="current-password" required />
      </div>
      <button type="submit" className="button primary" disabled={isBusy}>
        Sign in
      </button>
    </form>
  );
}

const QUESTIONS: Record<Challenge['name'], { label: string; type: string; complete: string }> = {
  NEW_PASSWORD_REQUIRED: { label: 'Choose a new password', type: 'password', complete: 'new-password' },
  SOFTWARE_TOKEN_MFA: { label: 'Code of your authenticator app', type: 'text', complete: 'one-time-code' },
  MFA_SETUP: { label: 'Code that your authenticator app shows for this key', type: 'text', complete: 'one-time-code' },
};

function ChallengeForm({
  challenge,
  isBusy,
  onAnswer,
}: {
  challenge: Challenge;
  isBusy: boolean;
  onAnswer: (answer: string) => void;
}) {
  const question = QUESTIONS[challenge.name];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onAnswer(String(new FormData(event.currentTarget).get('answer')).trim());
  };
  return (
    <form className="panel sign-in-form" onSubmit={submit} key={challenge.name}>
      {challenge.secret && (
        <p>
          Add this key to an authenticator app: <code>{challenge.secret}</code>
        </p>
      )}
      <div>
        <label htmlFor="answer">{question.label}</label>
        <input id="answer" name="answer" type={question.type} autoComplete={question.complete} required />
      </div>
      <button type="submit" className="button primary" disabled={isBusy}>
        Go on
      </button>
    </form>
  );
}
