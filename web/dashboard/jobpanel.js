// Draws one job: head, phases, agents, result and log.

import { byId, el, keep, setText } from './dom.js';
import { PHASES, isOver, viewOf } from './jobview.js';
import {
  PHASE_WORDS,
  STATE_WORDS,
  durationText,
  jobName,
  offsetText,
  shortened,
  sourceOf,
  statusWord,
  wholeText,
} from './words.js';

const LONGEST_TITLE = 160; // a longer complaint is quoted whole below a short title
const SHORT_TITLE = 72;

const titleOf = (complaint) => shortened(complaint, complaint.length <= LONGEST_TITLE ? LONGEST_TITLE : SHORT_TITLE);

/** Draw everything there is about the job of a follower. `complaint` is its text when this page started it. */
export function drawJob(follower, complaint, { isLive }) {
  const { log } = follower;
  const entries = log.entries();
  const view = viewOf(entries);
  setText(byId('job-title'), complaint ? titleOf(complaint) : jobName(log.jobId));
  setText(byId('job-id'), log.jobId);
  setText(byId('job-time'), view.endedAt ? `took ${durationText(Date.parse(view.endedAt) - Date.parse(view.startedAt))}` : '');
  drawState(byId('job-state'), view.overall);
  const quote = byId('job-complaint');
  quote.hidden = !complaint || complaint.length <= LONGEST_TITLE;
  setText(quote, complaint ?? '');
  drawPhases(view);
  drawResult(view);
  drawAgents(view);
  drawLog(entries, log.missing(), view.startedAt);
  drawWhole(follower, isLive);
  return view;
}

export function drawState(element, state) {
  element.dataset.state = state;
  setText(element, STATE_WORDS[state] ?? state);
}

function drawPhases(view) {
  const now = PHASES.indexOf(view.phase);
  keep(
    byId('phases'),
    PHASES.map((phase, index) => ({ phase, state: phaseState(view, now, index) })),
    {
      keyOf: ({ phase }) => phase,
      create: ({ phase }) => el('li', { className: 'phase' }, PHASE_WORDS[phase]),
      update: (child, { state }) => {
        child.dataset.state = state;
        child.toggleAttribute('aria-current', false);
        if (state === 'now') {
          child.setAttribute('aria-current', 'step');
        }
      },
    }
  );
}

function phaseState(view, now, index) {
  if (index < now || view.overall === 'completed') {
    return 'done';
  }
  if (index > now) {
    return 'later';
  }
  return view.overall === 'failed' ? 'broken' : 'now';
}

/** The panel is there from the start, with its facts still open, so that nothing moves when they come. */
function drawResult(view) {
  byId('result').dataset.state = isOver(view) ? view.overall : 'waiting';
  setText(byId('result-message'), view.message || 'Waiting for the first status.');
  const order = view.workOrder && typeof view.workOrder === 'object' ? view.workOrder : {};
  keep(byId('facts'), factsOf(order), {
    keyOf: ([name]) => name,
    create: ([name]) => el('div', {}, el('dt', {}, name), el('dd')),
    update: (child, [, value]) => setText(child.lastElementChild, value),
  });
  const questions = Array.isArray(order.questions) ? order.questions.map(String) : [];
  byId('questions').hidden = questions.length === 0;
  keep(byId('questions'), questions, { keyOf: (question) => question, create: (question) => el('li', {}, question) });
}

function factsOf(order) {
  const verdicts = { accepted: 'Accepted', needs_review: 'Needs review', incomplete: 'Waits for an answer' };
  const hours = order.slaHours;
  return [
    ['Department', order.department],
    ['Priority', order.priority],
    ['Due within', hours >= 48 ? `${Math.floor(hours / 24)} days` : hours && `${hours} h`],
    ['Place', order.department ? (order.location ?? 'Unknown') : null],
    ['Severity', order.severity && `${order.severity} of 5`],
    ['Verdict', verdicts[order.verdict] ?? order.verdict],
  ].map(([name, value]) => [name, String(value ?? '–')]);
}

function drawAgents(view) {
  keep(byId('agents'), view.agents, {
    keyOf: ({ key }) => key,
    create: () =>
      el(
        'li',
        { className: 'agent' },
        el('header', {}, el('h4'), el('span', { className: 'badge' })),
        el('p', { className: 'activity' }),
        el('progress', { max: 100, hidden: true }),
        el('ul', { className: 'tools', hidden: true }),
        el('footer', {}, el('span', { className: 'duration' }), el('span', { className: 'attempt' }))
      ),
    update: (card, agent) => drawAgent(card, agent, isOver(view)),
  });
}

function drawAgent(card, agent, over) {
  const find = (selector) => card.querySelector(selector);
  const unfinished = over && (agent.state === 'pending' || agent.state === 'in-progress');
  card.dataset.state = unfinished ? 'pending' : agent.state;
  setText(find('h4'), agent.name);
  drawState(find('.badge'), card.dataset.state);
  if (unfinished) {
    setText(find('.badge'), 'Not finished');
  }
  setText(find('.activity'), agent.activity);
  const progress = find('progress');
  progress.hidden = agent.progress === null;
  progress.value = agent.progress ?? 0;
  progress.ariaLabel = `Progress of ${agent.name}`;
  const tools = find('.tools');
  tools.hidden = agent.tools.length === 0;
  keep(tools, agent.tools.map((tool, index) => ({ ...tool, index })), {
    keyOf: ({ index }) => `${agent.attempt}-${index}`,
    create: (tool) => el('li', {}, el('code', {}, tool.name), el('span', { className: 'reason' }, tool.reason)),
  });
  setText(find('.duration'), agent.milliseconds === null ? '' : durationText(agent.milliseconds));
  setText(find('.attempt'), agent.attempt > 1 ? `Attempt ${agent.attempt}` : '');
}

/** Entries and the holes between them, in order. */
function rowsOf(entries, missing) {
  const rows = entries.map((entry) => ({ key: entry.sequence, entry }));
  for (const [first, last] of missing) {
    rows.push({ key: `gap-${first}`, first, last });
  }
  return rows.sort((a, b) => (a.entry?.sequence ?? a.first) - (b.entry?.sequence ?? b.first));
}

function drawLog(entries, missing, startedAt) {
  keep(byId('log'), rowsOf(entries, missing), {
    keyOf: ({ key }) => key,
    create: ({ entry }) => (entry ? entryRow(entry, startedAt) : el('li', { className: 'gap' })),
    update: (row, { entry, first, last }) => {
      if (entry) {
        setText(row.querySelector('.time'), offsetText(entry.update.timestamp, startedAt));
      } else {
        const what = first === last ? `Status ${first} is` : `Statuses ${first} to ${last} are`;
        setText(row, `${what} missing. Asking the log.`);
      }
    },
  });
}

function entryRow({ sequence, update, via, healed }, startedAt) {
  const { word, tone } = statusWord(update);
  const text = update.toolName ? `${update.toolName}: ${update.message}` : update.message;
  return el(
    'li',
    { className: via === 'push' || healed ? 'entry fresh' : 'entry', dataset: { tone } },
    el('span', { className: 'sequence', title: 'Sequence number' }, String(sequence)),
    el('time', { className: 'time', dateTime: update.timestamp }, offsetText(update.timestamp, startedAt)),
    el('span', { className: 'source' }, sourceOf(update)),
    el('span', { className: 'word' }, word),
    el('span', { className: 'text' }, text, healed ? el('span', { className: 'healed' }, 'from the log') : null)
  );
}

function drawWhole(follower, isLive) {
  const { log, isHealing, problem } = follower;
  const missing = log.missing();
  const line = byId('whole');
  line.dataset.state = problem ? 'problem' : missing.length > 0 || !isLive ? 'healing' : 'whole';
  const text = wholeText({ size: log.size, head: log.head, base: log.base, missing, isHealing, problem });
  setText(line, isLive || problem ? text : `${text} until the connection broke`);
}
