// The content of <job-status>. Its elements are created once, then updated. Texts are never parsed as markup.

import type { JobState } from '../client/watchedJob.ts';
import type { AgentState } from '../types.ts';
import type { Labels } from './labels.ts';
import { styleSheet } from './style.ts';

type State = AgentState['status'] | 'waiting' | 'stale' | 'lost' | 'unknown';

const MARKS = new Map<string, string>([
  ['pending', '○'],
  ['in-progress', '◐'],
  ['success', '✓'],
  ['error', '✕'],
  ['waiting', '◷'],
  ['cancelled', '⊘'],
]);

export class JobStatusView {
  #title = make('span', 'title');
  #state = make('span', 'state');
  #bar = make('progress', 'bar');
  #agents = make('ul', 'agents');
  #note = make('p', 'note');
  #announcement = make('span', 'announcement');
  #rows = new Map<string, { agent: AgentState; state: State; labels: Labels; row: HTMLLIElement }>();

  constructor(root: ShadowRoot) {
    root.adoptedStyleSheets = [styleSheet()];
    const card = make('div', 'card');
    const top = make('div', 'top');
    const slot = document.createElement('slot');
    slot.append(this.#title);
    top.append(slot, this.#state);
    this.#announcement.setAttribute('role', 'status');
    this.#bar.max = 100;
    card.append(top, this.#bar, this.#agents, this.#note, this.#announcement);
    root.append(card);
  }

  show(state: JobState, labels: Labels): void {
    const { job } = state;
    const shown = silentState(job.liveness, state) ?? job.overallStatus;
    setText(this.#title, job.title ?? job.jobId);
    setText(this.#state, labels[shown]);
    this.#state.dataset.state = shown;
    this.#bar.dataset.state = job.overallStatus;
    this.#bar.setAttribute('aria-label', labels.progress);
    if (job.progress === null && job.overallStatus === 'processing' && job.liveness === 'live') {
      this.#bar.removeAttribute('value');
    } else {
      this.#bar.value = job.progress ?? 0;
    }
    this.#agents.setAttribute('aria-label', labels.agents);
    this.#showAgents(state, labels);
    setText(this.#note, noteOf(state, labels));
  }

  /** Update the text for screen readers. Rarely called, because they read each change aloud. */
  announce(state: JobState, labels: Labels): void {
    const { job } = state;
    const busy = job.agents.filter(({ status }) => status === 'in-progress').map(({ name }) => name);
    const percent = job.progress === null ? [] : [`${Math.floor(job.progress)} %`];
    setText(
      this.#announcement,
      [this.#state.textContent, ...percent, ...busy.slice(0, 3), noteOf(state, labels)].filter(Boolean).join(', ')
    );
  }

  #showAgents(state: JobState, labels: Labels): void {
    const { job } = state;
    const rows: HTMLLIElement[] = [];
    const known = new Set<string>();
    for (const agent of job.agents) {
      const agentState = silentState(agent.liveness, state) ?? agent.status;
      known.add(agent.invocationId);
      let shown = this.#rows.get(agent.invocationId);
      if (shown?.agent !== agent || shown.state !== agentState || shown.labels !== labels) {
        shown = { agent, state: agentState, labels, row: rowOf(agent, agentState, labels, shown?.row) };
        this.#rows.set(agent.invocationId, shown);
      }
      rows.push(shown.row);
    }
    for (const invocation of [...this.#rows.keys()].filter((each) => !known.has(each))) {
      this.#rows.delete(invocation);
    }
    const children = this.#agents.children;
    if (rows.length !== children.length || rows.some((row, index) => row !== children[index])) {
      this.#agents.replaceChildren(...rows);
    }
  }
}

/** The liveness of a waiting or silent job; unknown while the client has no connection. */
function silentState(liveness: string | null, { connection, reason }: JobState): 'waiting' | 'stale' | 'lost' | 'unknown' | null {
  if (liveness === 'waiting') {
    return liveness;
  }
  if (liveness !== 'stale' && liveness !== 'lost') {
    return null;
  }
  return connection !== 'live' && reason === 'failing' ? 'unknown' : liveness;
}

function rowOf(agent: AgentState, state: State, labels: Labels, before?: HTMLLIElement): HTMLLIElement {
  const row = before ?? make('li', 'agent');
  if (before === undefined) {
    const mark = make('span', 'mark');
    mark.setAttribute('aria-hidden', 'true');
    const [name, activity] = [make('span', 'name'), make('span', 'activity')];
    name.dir = activity.dir = 'auto'; // each in its own writing direction
    row.append(mark, name, make('span', 'agent-state'), activity);
  }
  const percent = state === 'in-progress' && agent.progress !== null ? ` ${Math.floor(agent.progress)} %` : '';
  const texts = [
    MARKS.get(state) ?? '?',
    agent.name,
    `${labels[state]}${percent}`,
    (state === 'waiting' ? agent.waiting?.prompt : null) ?? agent.activity ?? '',
  ];
  row.dataset.state = state;
  for (const [index, text] of texts.entries()) {
    setText(row.children[index] as HTMLElement, text);
  }
  return row;
}

function noteOf({ verdict, reason, connection, job }: JobState, labels: Labels): string {
  if (reason === 'job_gone') {
    return labels.gone;
  }
  if (reason === 'forbidden') {
    return labels.refused;
  }
  if (reason === 'invalid_id') {
    return labels.invalidId;
  }
  if (connection === 'delayed') {
    return labels.delayed;
  }
  if (verdict === 'whole' || verdict === 'cut') {
    return '';
  }
  if (verdict === 'joining' && job.sequence === 0) {
    return reason === 'failing' ? labels.failing : labels.loading;
  }
  if (reason === 'failing') {
    return labels.failing;
  }
  return connection === 'reconnecting' ? labels.offline : reason === 'catching_up' ? labels.catchingUp : '';
}

function make<Name extends keyof HTMLElementTagNameMap>(name: Name, part: string): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = part;
  element.setAttribute('part', part);
  return element;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
