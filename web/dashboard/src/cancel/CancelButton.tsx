import { type FormEvent, useId, useRef, useState } from 'react';
import type { Client } from '../types.ts';
import { Icon } from '../ui/Icon.tsx';

interface Props {
  client: Client;
  jobId: string;
  /** Without it, the button is hidden but keeps its space, so that the layout stays when the job ends. */
  isShown: boolean;
}

/** Requests to cancel the job, after the reader has confirmed it. */
export function CancelButton({ client, jobId, isShown }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [reason, setReason] = useState('');
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    try {
      await client.cancelJob(jobId, reason.trim() || null);
      dialog.current?.close(); // the request comes back as a status of the job
    } catch (error) {
      setProblem((error as Error).message);
    }
    setSending(false);
  };
  return (
    <>
      <button type="button" className="button" id="cancel" data-shown={isShown} onClick={() => dialog.current?.showModal()}>
        <Icon name="stop" size={14} /> Cancel
      </button>
      <dialog ref={dialog} className="cancel-dialog" aria-labelledby={title}>
        <form onSubmit={(event) => void send(event)}>
          <h2 id={title}>Cancel this job?</h2>
          <p>The job ends once its work has stopped. Its work so far is not undone.</p>
          <label>
            Reason (may be left empty)
            <textarea value={reason} maxLength={1000} rows={2} onChange={(event) => setReason(event.target.value)} />
          </label>
          {problem !== null && (
            <p className="notice" role="alert" data-state="failed">
              <Icon name="alert" />
              <span>The job could not be cancelled. {problem}</span>
            </p>
          )}
          <div className="dialog-buttons">
            <button type="button" className="button" onClick={() => dialog.current?.close()}>
              Keep it running
            </button>
            <button type="submit" className="button danger" id="confirm-cancel" disabled={isSending}>
              Cancel the job
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
