// The page: sign in, start a job, follow it. Everything it shows of a job comes from the job's log.

import { RealtimeConnection, query } from './appsync.js';
import { signIn } from './cognito.js';
import { LIST_JOBS, LIST_STATUS_UPDATES, ON_STATUS_UPDATE } from './documents.js';
import { byId, el, keep, setText } from './dom.js';
import { JobFollower } from './follower.js';
import { drawJob } from './jobpanel.js';
import { isOver, viewOf } from './jobview.js';
import { CONNECTION_WORDS, STATE_WORDS, shortened, sourceOf } from './words.js';

const JOBS_A_PAGE = 10;
const USER_KEY = 'statusbeam-user';
const COMPLAINTS_KEY = 'statusbeam-complaints';
const KEPT_COMPLAINTS = 50;
const ANNOUNCE_MS = 800;

const state = {
  config: null,
  session: null,
  connection: null,
  connectionState: 'connecting',
  isSubscribed: false,
  follower: null,
  jobs: new Map(),
  nextToken: null,
};

const ask = async (document, variables) => query(state.config.graphqlUrl, await state.session.token(), document, variables);
const listStatusUpdates = async (variables) => (await ask(LIST_STATUS_UPDATES, variables)).listStatusUpdates;

function fail(message) {
  const banner = byId('failure');
  banner.hidden = message === '';
  setText(banner, message);
}

// --- sign in -------------------------------------------------------------------------------------------

function showUsers() {
  byId('desk').hidden = true;
  byId('account').hidden = true;
  byId('sign-in').hidden = false;
  const cards = state.config.demoUsers.map((user) =>
    el(
      'li',
      {},
      el(
        'button',
        { type: 'button', className: 'user', onclick: () => enter(user) },
        el('span', { className: 'user-face', ariaHidden: 'true' }, shortName(user).slice(0, 1)),
        el('span', { className: 'user-name' }, user.username),
        el('span', { className: 'user-more' }, [user.tenantId, ...(user.roles ?? [])].join(' · '))
      )
    )
  );
  byId('users').replaceChildren(...cards);
}

const shortName = ({ username }) => username.split('-').at(-1);

async function enter(user) {
  fail('');
  byId('users').querySelectorAll('button').forEach((button) => (button.disabled = true));
  try {
    state.session = await signIn(state.config, user.username, user.password);
  } catch (error) {
    fail(`Signing in failed. ${error.message}`);
    showUsers();
    return;
  }
  sessionStorage.setItem(USER_KEY, user.username);
  setText(byId('who-name'), user.username);
  setText(byId('who-tenant'), user.tenantId);
  byId('sign-in').hidden = true;
  byId('account').hidden = false;
  byId('desk').hidden = false;
  connect();
  void loadJobs();
  openFromAddress();
  if (!state.follower) {
    byId('complaint').focus({ preventScroll: true });
  }
}

function leave() {
  state.connection?.close();
  state.follower?.stop();
  sessionStorage.removeItem(USER_KEY);
  Object.assign(state, { session: null, connection: null, follower: null, jobs: new Map(), nextToken: null });
  history.replaceState(null, '', location.pathname);
  drawJobs();
  drawOpenJob();
  showUsers();
  byId('users').querySelector('button')?.focus();
}

// --- connection ----------------------------------------------------------------------------------------

function connect() {
  const { graphqlUrl, realtimeUrl } = state.config;
  state.isSubscribed = false;
  state.connection = new RealtimeConnection({ graphqlUrl, realtimeUrl, getToken: () => state.session.token(), onState: showConnection });
  state.connection.subscribe({
    document: ON_STATUS_UPDATE,
    variables: { userId: state.session.userId },
    onData: ({ onStatusUpdate }) => onStatusUpdate && heard(onStatusUpdate),
    onReady: () => {
      state.isSubscribed = true;
      void state.follower?.connected();
      drawOpenJob();
      void loadJobs();
    },
    onError: (error) => fail(`The subscription was refused. ${error.message}`),
  });
  void state.connection.open();
}

function showConnection({ state: connectionState, message }) {
  state.connectionState = connectionState;
  state.isSubscribed &&= connectionState === 'live';
  const pill = byId('connection');
  pill.dataset.state = connectionState;
  pill.title = message ?? '';
  setText(byId('connection-text'), CONNECTION_WORDS[connectionState]);
  drawOpenJob();
}

function heard(update) {
  for (const each of [...(update.earlier ?? []), update]) {
    noteJob(each);
  }
  state.follower?.push(update);
}

// --- the open job --------------------------------------------------------------------------------------

function openFromAddress() {
  const match = /^#job=(.+)$/.exec(location.hash);
  const jobId = match ? decodeURIComponent(match[1]) : null;
  if (!jobId || !state.session || jobId === state.follower?.log.jobId) {
    return;
  }
  state.follower?.stop();
  byId('log').replaceChildren();
  byId('agents').replaceChildren();
  const follower = new JobFollower({
    jobId,
    fetchPage: listStatusUpdates,
    isOver: () => isOver(viewOf(follower.log.entries())),
    onChange: (change) => follower === state.follower && jobChanged(change),
  });
  state.follower = follower;
  drawJobs();
  drawOpenJob();
  void (state.isSubscribed ? follower.connected() : follower.heal());
}

let joinedAt = 0;

function jobChanged({ fresh, via, reset }) {
  const { follower } = state;
  if (reset) {
    joinedAt = 0;
  }
  // What a replay brings after the first one is news that the pushes did not bring.
  if (via === 'replay' && joinedAt > 0) {
    fresh.forEach((entry) => (entry.healed = entry.sequence <= follower.log.head));
  }
  if (follower.log.size > 0 && follower.log.isWhole) {
    joinedAt = follower.log.head;
  }
  fresh.forEach(({ update }) => noteJob(update));
  if (fresh.length > 0) {
    announce(fresh.at(-1).update);
  }
  drawOpenJob();
}

function drawOpenJob() {
  const { follower } = state;
  byId('job-empty').hidden = follower !== null;
  byId('job-view').hidden = follower === null;
  if (follower) {
    const view = drawJob(follower, complaints()[follower.log.jobId], { isLive: state.isSubscribed });
    document.title = `${STATE_WORDS[view.overall]} · Statusbeam`;
  } else {
    document.title = 'Statusbeam';
  }
}

let announcing = null;
let lastNews = null;

/** Read the newest status out, but not more often than people can listen. */
function announce(update) {
  lastNews = update;
  announcing ??= setTimeout(() => {
    announcing = null;
    setText(byId('announcer'), `${sourceOf(lastNews)}: ${lastNews.message}`);
  }, ANNOUNCE_MS);
}

// --- the list of jobs ----------------------------------------------------------------------------------

async function loadJobs({ more = false } = {}) {
  try {
    const variables = { limit: JOBS_A_PAGE, nextToken: more ? state.nextToken : null };
    const { listJobs } = await ask(LIST_JOBS, variables);
    listJobs.jobs.forEach((job) => state.jobs.set(job.jobId, { ...state.jobs.get(job.jobId), ...job }));
    if (more || state.nextToken === null) {
      state.nextToken = listJobs.nextToken;
    }
  } catch (error) {
    fail(`Your jobs cannot be listed. ${error.message}`);
    return;
  }
  drawJobs();
}

/** Keep the list in step with what arrives. */
function noteJob(update) {
  const job = state.jobs.get(update.jobId) ?? { jobId: update.jobId, createdAt: update.timestamp, overallStatus: 'initializing' };
  const over = job.overallStatus === 'completed' || job.overallStatus === 'failed';
  const ends = { complete: 'completed', error: 'failed', loading_agents: job.overallStatus };
  const overallStatus = over ? job.overallStatus : (ends[update.status] ?? 'processing');
  if (!state.jobs.has(update.jobId) || overallStatus !== job.overallStatus) {
    state.jobs.set(update.jobId, { ...job, overallStatus });
    drawJobs();
  }
}

function drawJobs() {
  const texts = complaints();
  const jobs = [...state.jobs.values()].sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
  byId('jobs-hint').hidden = jobs.length > 0;
  byId('more-jobs').hidden = !state.nextToken;
  keep(byId('jobs'), jobs, {
    keyOf: ({ jobId }) => jobId,
    create: ({ jobId }) =>
      el(
        'li',
        {},
        el(
          'a',
          { className: 'job-link', href: `#job=${encodeURIComponent(jobId)}` },
          el('span', { className: 'dot', ariaHidden: 'true' }),
          el('span', { className: 'name' }),
          el('span', { className: 'more' })
        )
      ),
    update: (item, { jobId, overallStatus, createdAt }) => {
      const link = item.firstElementChild;
      link.dataset.state = overallStatus;
      link.setAttribute('aria-current', String(jobId === state.follower?.log.jobId));
      setText(link.querySelector('.name'), texts[jobId] ? shortened(texts[jobId]) : jobId);
      const when = createdAt ? new Date(createdAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) : '';
      setText(link.querySelector('.more'), [STATE_WORDS[overallStatus], when].filter(Boolean).join(' · '));
    },
  });
}

/** The complaints that this tab sent, by job: the log does not repeat them. */
function complaints() {
  return JSON.parse(sessionStorage.getItem(COMPLAINTS_KEY) ?? '{}');
}

function keepComplaint(jobId, text) {
  const kept = Object.entries({ ...complaints(), [jobId]: text }).slice(-KEPT_COMPLAINTS);
  sessionStorage.setItem(COMPLAINTS_KEY, JSON.stringify(Object.fromEntries(kept)));
}

// --- starting a job ------------------------------------------------------------------------------------

async function startJob(event) {
  event.preventDefault();
  const [text, button, problem] = [byId('complaint').value.trim(), byId('start'), byId('compose-error')];
  setText(problem, '');
  if (!text) {
    setText(problem, 'Write what is wrong first.');
    byId('complaint').focus();
    return;
  }
  button.disabled = true;
  try {
    const response = await fetch('/demo/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: await state.session.token() },
      body: JSON.stringify({ complaint: text, failAgent: byId('fail-agent').value || null }),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      throw new Error(answer.errors?.[0]?.message ?? `The server answered ${response.status}.`);
    }
    keepComplaint(answer.jobId, text);
    location.hash = `#job=${encodeURIComponent(answer.jobId)}`;
    setText(byId('announcer'), 'The job is started.');
  } catch (error) {
    setText(problem, `The job was not started. ${error.message}`);
  } finally {
    button.disabled = false;
  }
}

async function loadExamples() {
  const examples = await (await fetch('complaints.json')).json();
  const select = byId('example');
  select.append(...examples.map(({ title }, index) => el('option', { value: String(index) }, title)));
  select.onchange = () => {
    if (select.value !== '') {
      byId('complaint').value = examples[Number(select.value)].text;
    }
  };
}

// --- begin ---------------------------------------------------------------------------------------------

async function begin() {
  byId('compose').onsubmit = startJob;
  byId('sign-out').onclick = leave;
  byId('cut').onclick = () => state.connection?.cut();
  byId('more-jobs').onclick = () => loadJobs({ more: true });
  addEventListener('hashchange', () => {
    openFromAddress();
    if (state.follower && document.activeElement?.classList.contains('job-link')) {
      byId('job-title').focus();
    }
  });
  addEventListener('online', () => void state.connection?.open());
  try {
    state.config = await (await fetch('/config.json')).json();
    await loadExamples();
  } catch {
    fail('The server does not answer. Is localcloud running?');
    return;
  }
  const known = state.config.demoUsers.find(({ username }) => username === sessionStorage.getItem(USER_KEY));
  if (known) {
    await enter(known);
  } else {
    showUsers();
  }
}

void begin();
