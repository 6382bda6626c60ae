// The page: sign in, start a job, follow it. Everything it shows of a job comes from the job's log.

import { Announcer } from './announcer.js';
import { RealtimeConnection, query } from './appsync.js';
import { signIn } from './cognito.js';
import { complaints, keepComplaint } from './complaintstore.js';
import { LIST_JOBS, LIST_STATUS_UPDATES, ON_STATUS_UPDATE } from './documents.js';
import { byId, el, setText } from './dom.js';
import { JobFollower } from './follower.js';
import { JobList } from './joblist.js';
import { drawJob } from './jobpanel.js';
import { isOver, viewOf } from './jobview.js';
import { CONNECTION_WORDS, STATE_WORDS, sourceOf } from './words.js';

const USER_KEY = 'statusbeam-user';
const ONE_COLUMN = '(max-width: 899px)';

const announcer = new Announcer(byId('announcer'));
let config = null;
let session = null;
let connection = null;
let isSubscribed = false;
let follower = null;
let list = null;

const ask = async (document, variables) => query(config.graphqlUrl, await session.token(), document, variables);
const fetchLogPage = async (variables) => (await ask(LIST_STATUS_UPDATES, variables)).listStatusUpdates;
const fetchJobPage = async (variables) => (await ask(LIST_JOBS, variables)).listJobs;

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
  byId('users').replaceChildren(...config.demoUsers.map((user) => el('li', {}, userButton(user))));
}

function userButton(user) {
  const initial = user.username.split('-').at(-1).slice(0, 1);
  return el(
    'button',
    { type: 'button', className: 'user', onclick: () => enter(user) },
    el('span', { className: 'user-face', ariaHidden: 'true' }, initial),
    el('span', { className: 'user-name' }, user.username),
    el('span', { className: 'user-more' }, [user.tenantId, ...(user.roles ?? [])].join(' · '))
  );
}

async function enter(user) {
  fail('');
  byId('users').querySelectorAll('button').forEach((button) => (button.disabled = true));
  try {
    session = await signIn(config, user.username, user.password);
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
  list = new JobList(fetchJobPage);
  connect();
  openFromAddress();
  if (!follower) {
    byId('complaint').focus({ preventScroll: true });
  }
}

/** Nothing of this user may stay for the next one, neither drawn nor kept: the page begins anew. */
function leave() {
  sessionStorage.clear();
  location.replace(location.pathname);
}

// --- connection ----------------------------------------------------------------------------------------

function connect() {
  const { graphqlUrl, realtimeUrl } = config;
  const { userId } = session;
  isSubscribed = false;
  connection = new RealtimeConnection({ graphqlUrl, realtimeUrl, getToken: () => session.token(), onState: showConnection });
  connection.subscribe({
    document: ON_STATUS_UPDATE,
    variables: { userId },
    onData: ({ onStatusUpdate }) => onStatusUpdate && heard(onStatusUpdate),
    onReady: () => {
      isSubscribed = true;
      void follower?.connected();
      drawOpenJob();
      void loadJobs();
    },
    onError: (error) => fail(`The subscription was refused. ${error.message}`),
  });
  void connection.open();
}

function showConnection({ state, message }) {
  isSubscribed &&= state === 'live';
  const pill = byId('connection');
  pill.dataset.state = state;
  pill.title = message ?? '';
  setText(byId('connection-text'), CONNECTION_WORDS[state]);
  drawOpenJob();
}

function heard(update) {
  for (const each of [...(update.earlier ?? []), update]) {
    list.note(each);
  }
  follower?.push(update);
}

async function loadJobs(options) {
  try {
    await list.load(options);
  } catch (error) {
    fail(`Your jobs cannot be listed. ${error.message}`);
  }
}

// --- the open job --------------------------------------------------------------------------------------

function openFromAddress() {
  const match = /^#job=(.+)$/.exec(location.hash);
  const jobId = match ? decodeURIComponent(match[1]) : null;
  if (!jobId || !session || jobId === follower?.log.jobId) {
    return;
  }
  closeJob();
  let joined = false;
  const opened = new JobFollower({
    jobId,
    fetchPage: fetchLogPage,
    isOver: () => isOver(viewOf(opened.log.entries())),
    onChange: ({ fresh, via, reset }) => {
      // What a replay brings after the first whole log is news that the pushes did not bring.
      fresh.forEach((entry) => (entry.healed = joined && via === 'replay'));
      joined = !reset && (joined || (opened.log.size > 0 && opened.log.isWhole));
      jobChanged(fresh);
    },
  });
  follower = opened;
  list.select(jobId);
  drawOpenJob();
  void (isSubscribed ? follower.connected() : follower.heal());
  if (matchMedia(ONE_COLUMN).matches) {
    byId('job').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }
}

function closeJob() {
  follower?.stop();
  follower = null;
  byId('log').replaceChildren();
  byId('agents').replaceChildren();
  drawOpenJob();
}

function jobChanged(fresh) {
  fresh.forEach(({ update }) => list.note(update));
  if (fresh.length > 0) {
    const { update } = fresh.at(-1);
    announcer.say(`${sourceOf(update)}: ${update.message}`);
  }
  drawOpenJob();
}

function drawOpenJob() {
  byId('job-empty').hidden = follower !== null;
  byId('job-view').hidden = follower === null;
  document.title = 'Statusbeam';
  if (follower) {
    const view = drawJob(follower, complaints()[follower.log.jobId], { isLive: isSubscribed });
    document.title = `${STATE_WORDS[view.overall]} · Statusbeam`;
  }
}

// --- starting a job ------------------------------------------------------------------------------------

async function startJob(event) {
  event.preventDefault();
  const text = byId('complaint').value.trim();
  const problem = byId('compose-error');
  setText(problem, text ? '' : 'Write what is wrong first.');
  if (!text) {
    byId('complaint').focus();
    return;
  }
  byId('start').disabled = true;
  try {
    const jobId = await requestJob(text, byId('fail-agent').value || null);
    keepComplaint(jobId, text);
    announcer.say('The job is started.');
    location.hash = `#job=${encodeURIComponent(jobId)}`;
  } catch (error) {
    setText(problem, `The job was not started. ${error.message}`);
  } finally {
    byId('start').disabled = false;
  }
}

async function requestJob(complaint, failAgent) {
  const response = await fetch('/demo/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: await session.token() },
    body: JSON.stringify({ complaint, failAgent }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Error(answer.errors?.[0]?.message ?? `The server answered ${response.status}.`);
  }
  return answer.jobId;
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

function addressChanged() {
  const fromList = document.activeElement?.classList.contains('job-link');
  openFromAddress();
  if (follower && fromList) {
    byId('job-title').focus();
  }
}

async function begin() {
  byId('compose').onsubmit = startJob;
  byId('sign-out').onclick = leave;
  byId('cut').onclick = () => connection?.cut();
  byId('more-jobs').onclick = () => loadJobs({ more: true });
  addEventListener('hashchange', addressChanged);
  addEventListener('online', () => void connection?.open());
  try {
    config = await (await fetch('/config.json')).json();
    await loadExamples();
  } catch {
    fail('The server does not answer. Is localcloud running?');
    return;
  }
  const known = config.demoUsers.find(({ username }) => username === sessionStorage.getItem(USER_KEY));
  if (known) {
    await enter(known);
  } else {
    showUsers();
  }
}

void begin();
