import { type FormEvent, useRef, useState } from 'react';
import { jobLink } from '../router.ts';
import { useAnnouncer } from '../ui/Announce.tsx';
import { Icon } from '../ui/Icon.tsx';
import { keepComplaint } from './complaintStore.ts';
import examples from './complaints.json' with { type: 'json' };
import { startComplaint, startStreetFair, type Token } from './start.ts';

const FAILURES = [
  ['', 'None'],
  ['once:geo', 'Geo, once (a retry helps)'],
  ['geo', 'Geo, always'],
  ['category', 'Category, always'],
  ['severity', 'Severity, always'],
];

/** The demo's two jobs: a complaint, and a street fair. On localcloud only. */
export function Compose({ token }: { token: Token }) {
  const [text, setText] = useState('');
  const [failAgent, setFailAgent] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState<'complaint' | 'fair' | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const announcer = useAnnouncer();

  const start = async (what: 'complaint' | 'fair', request: () => Promise<string>) => {
    setProblem('');
    setBusy(what);
    try {
      const jobId = await request();
      announcer.announce('The job is started.');
      location.hash = jobLink(jobId);
    } catch (error) {
      setProblem(`The job was not started. ${error instanceof Error ? error.message : ''}`);
      setBusy(null);
    }
  };
  const sendComplaint = async (event: FormEvent) => {
    event.preventDefault();
    const complaint = text.trim();
    if (complaint === '') {
      setProblem('Write what is wrong first.');
      field.current?.focus();
      return;
    }
    await start('complaint', async () => {
      const jobId = await startComplaint(token, complaint, failAgent || null);
      keepComplaint(jobId, complaint);
      return jobId;
    });
  };

  return (
    <section className="compose" aria-labelledby="compose-title">
      <header>
        <a className="back" href="#home">
          <Icon name="left" size={14} /> Jobs
        </a>
        <h1 id="compose-title" tabIndex={-1}>
          Start a job
        </h1>
        <p className="muted">Three agents read a complaint to the city, in parallel, and make a work order of it.</p>
      </header>
      <form className="panel" onSubmit={(event) => void sendComplaint(event)}>
        <div>
          <label htmlFor="complaint">Complaint to the city</label>
          <textarea
            id="complaint"
            ref={field}
            rows={5}
            maxLength={2000}
            placeholder="What is wrong, and where?"
            value={text}
            onChange={(event) => setText(event.target.value)}
            aria-describedby="compose-error"
          />
        </div>
        <div className="fields">
          <div>
            <label htmlFor="example">Use an example</label>
            <select
              id="example"
              defaultValue=""
              onChange={(event) => setText(examples[Number(event.target.value)]?.text ?? text)}
            >
              <option value="" disabled>
                Choose…
              </option>
              {examples.map(({ title }, index) => (
                <option key={title} value={index}>
                  {title}
                </option>
              ))}
            </select>
          </div>
          <div>
            <label htmlFor="fail-agent">Let an agent fail</label>
            <select id="fail-agent" value={failAgent} onChange={(event) => setFailAgent(event.target.value)}>
              {FAILURES.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </div>
        </div>
        <p className="form-error" id="compose-error" role="alert">
          {problem}
        </p>
        <button type="submit" className="button primary" id="start" disabled={busy !== null}>
          <Busy isBusy={busy === 'complaint'} />
          Start the job
        </button>
      </form>
      <section className="panel fair" aria-labelledby="fair-title">
        <h2 id="fair-title">A street fair that you decide on</h2>
        <p>
          For half a minute, agents look into closing Castro Street for a day: detours and buses, weather, letters of the
          neighbours. One fails and is tried again. Then the job waits until you approve or reject.
        </p>
        <button
          type="button"
          className="button"
          id="start-fair"
          disabled={busy !== null}
          onClick={() => void start('fair', () => startStreetFair(token))}
        >
          <Busy isBusy={busy === 'fair'} />
          Start the street fair
        </button>
      </section>
    </section>
  );
}

function Busy({ isBusy }: { isBusy: boolean }) {
  return <Icon name={isBusy ? 'spinner' : 'play'} size={14} className={isBusy ? 'spin' : ''} />;
}
