import { type FormEvent, useEffect, useRef, useState } from 'react';
import { jobLink } from '../router.ts';
import { useAnnouncer } from '../ui/Announce.tsx';
import { Icon } from '../ui/Icon.tsx';
import { keepComplaint } from './complaintStore.ts';
import examples from './complaints.json' with { type: 'json' };

const FAILURES = [
  ['', 'None'],
  ['once:geo', 'Geo, once (a retry helps)'],
  ['geo', 'Geo, always'],
  ['category', 'Category, always'],
  ['severity', 'Severity, always'],
];

/** The demo's form: a complaint becomes a job. On localcloud only. */
export function Compose({ token }: { token: () => Promise<string> }) {
  const [text, setText] = useState('');
  const [failAgent, setFailAgent] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const announcer = useAnnouncer();

  useEffect(() => field.current?.focus({ preventScroll: true }), []);

  const start = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === '') {
      setProblem('Write what is wrong first.');
      field.current?.focus();
      return;
    }
    setProblem('');
    setBusy(true);
    try {
      const jobId = await requestJob(await token(), text.trim(), failAgent || null);
      keepComplaint(jobId, text.trim());
      announcer.announce('The job is started.');
      location.hash = jobLink(jobId);
    } catch (error) {
      setProblem(`The job was not started. ${error instanceof Error ? error.message : ''}`);
      setBusy(false);
    }
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
      <form className="panel" onSubmit={(event) => void start(event)}>
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
        <button type="submit" className="button primary" id="start" disabled={isBusy}>
          <Icon name={isBusy ? 'spinner' : 'play'} size={14} className={isBusy ? 'spin' : ''} />
          Start the job
        </button>
      </form>
    </section>
  );
}

async function requestJob(authorization: string, complaint: string, failAgent: string | null): Promise<string> {
  const response = await fetch('/demo/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ complaint, failAgent }),
  });
  const answer = (await response.json().catch(() => ({}))) as { jobId?: string; errors?: { message?: string }[] };
  if (!response.ok || !answer.jobId) {
    throw new Error(answer.errors?.[0]?.message ?? `The server answered ${response.status}.`);
  }
  return answer.jobId;
}
