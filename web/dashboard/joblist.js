// The user's jobs, newest first: read from the API page by page, kept in step by the statuses that arrive.

import { complaints } from './complaintstore.js';
import { byId, el, keep, setText } from './dom.js';
import { STATE_WORDS, jobName, shortened } from './words.js';

const PAGE = 10;
const ENDS = { complete: 'completed', error: 'failed' };

export class JobList {
  #jobs = new Map();
  #nextToken = null;
  #isRead = false;
  #fetchPage;

  /** fetchPage({limit, nextToken}) gives a JobPage or throws. */
  constructor(fetchPage) {
    this.#fetchPage = fetchPage;
    this.currentId = null;
  }

  /** Read the newest jobs, or with `more` the next older ones. */
  async load({ more = false } = {}) {
    const page = await this.#fetchPage({ limit: PAGE, nextToken: more ? this.#nextToken : null });
    for (const job of page.jobs) {
      const known = this.#jobs.get(job.jobId);
      this.#jobs.set(job.jobId, known && hasEnded(known) ? { ...job, ...known } : { ...known, ...job });
    }
    if (more || !this.#isRead) {
      this.#nextToken = page.nextToken;
      this.#isRead = true;
    }
    this.draw();
  }

  /** A status of one of the jobs arrived. */
  note(update) {
    const known = this.#jobs.get(update.jobId);
    const job = known ?? { jobId: update.jobId, createdAt: update.timestamp, overallStatus: 'initializing' };
    const state = update.agentName ? 'processing' : (ENDS[update.status] ?? stateAfter(job, update));
    const overallStatus = hasEnded(job) ? job.overallStatus : state;
    if (!known || overallStatus !== job.overallStatus) {
      this.#jobs.set(update.jobId, { ...job, overallStatus });
      this.draw();
    }
  }

  /** Mark the job that is open. */
  select(jobId) {
    this.currentId = jobId;
    this.draw();
  }

  draw() {
    const texts = complaints();
    const jobs = [...this.#jobs.values()].sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
    byId('jobs-hint').hidden = jobs.length > 0;
    byId('more-jobs').hidden = !this.#nextToken;
    keep(byId('jobs'), jobs, {
      keyOf: ({ jobId }) => jobId,
      create: newRow,
      update: (row, job) => {
        const link = row.firstElementChild;
        link.dataset.state = job.overallStatus;
        link.setAttribute('aria-current', String(job.jobId === this.currentId));
        setText(link.querySelector('.name'), texts[job.jobId] ? shortened(texts[job.jobId]) : jobName(job.jobId));
        setText(link.querySelector('.more'), [STATE_WORDS[job.overallStatus], timeOf(job)].filter(Boolean).join(' · '));
      },
    });
  }
}

const hasEnded = ({ overallStatus }) => overallStatus === 'completed' || overallStatus === 'failed';

const stateAfter = (job, update) => (update.status === 'loading_agents' ? job.overallStatus : 'processing');

const timeOf = ({ createdAt }) =>
  createdAt ? new Date(createdAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '';

function newRow({ jobId }) {
  const link = el(
    'a',
    { className: 'job-link', href: `#job=${encodeURIComponent(jobId)}` },
    el('span', { className: 'dot', ariaHidden: 'true' }),
    el('span', { className: 'name' }),
    el('span', { className: 'more' })
  );
  return el('li', {}, link);
}
