import { type FormEvent, useId, useState } from 'react';
import type { Client, Job } from '../types.ts';
import { useAnnouncer } from '../ui/Announce.tsx';
import { Icon } from '../ui/Icon.tsx';
import { answerableWaits, type Wait } from './waits.ts';

/** The wait of the job, with the buttons to approve or reject it. */
export function AnswerPanel({ client, jobId, job }: { client: Client; jobId: string; job: Job }) {
  const waits = answerableWaits(job);
  return waits.map((wait) => (
    <AnswerForm
      key={`${wait.agent?.invocationId ?? ''} ${wait.waiting.since}`}
      client={client}
      jobId={jobId}
      wait={wait}
      isAlone={waits.length === 1}
    />
  ));
}

interface Props {
  client: Client;
  jobId: string;
  wait: Wait;
  /** Whether the overview already shows the question. */
  isAlone: boolean;
}

function AnswerForm({ client, jobId, wait: { waiting, agent }, isAlone }: Props) {
  const title = useId();
  const [comment, setComment] = useState('');
  const [sending, setSending] = useState<'approve' | 'reject' | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const announcer = useAnnouncer();
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const submitter = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    const approved = submitter?.value === 'approve';
    setSending(approved ? 'approve' : 'reject');
    setProblem(null);
    try {
      const invocationId = agent?.invocationId ?? null;
      await client.answerWaiting(jobId, { invocationId, approved, comment: comment.trim() || null });
      announcer.announce(approved ? 'You approved.' : 'You rejected.'); // the answer comes back as a status of the job
    } catch (error) {
      setProblem((error as Error).message);
      setSending(null);
    }
  };
  return (
    <section className="panel answer" aria-labelledby={title}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id={title}>{isAlone ? 'Your decision' : <bdi>{agent?.name ?? 'The job'}</bdi>}</h2>
        {!isAlone && waiting.prompt !== null && (
          <p className="as-written" dir="auto">
            {waiting.prompt}
          </p>
        )}
        <label>
          Reason or comment (may be left empty)
          <textarea value={comment} maxLength={1000} rows={1} onChange={(event) => setComment(event.target.value)} />
        </label>
        {problem !== null && (
          <p className="notice" role="alert" data-state="failed">
            <Icon name="alert" />
            <span>The answer was not taken. {problem}</span>
          </p>
        )}
        <div className="dialog-buttons">
          <button type="submit" className="button danger" value="reject" disabled={sending !== null}>
            <Icon name={sending === 'reject' ? 'spinner' : 'cross'} size={14} className={sending === 'reject' ? 'spin' : ''} />
            Reject
          </button>
          <button type="submit" className="button primary" value="approve" disabled={sending !== null}>
            <Icon name={sending === 'approve' ? 'spinner' : 'check'} size={14} className={sending === 'approve' ? 'spin' : ''} />
            Approve
          </button>
        </div>
      </form>
    </section>
  );
}
