// What a job looks like, from its statuses in order: overall state, phase, agents, result. Pure.

export const PHASES = ['loading_agents', 'agents', 'validating', 'synthesizing', 'complete'];

const FINISHED = new Set(['success', 'error']);

/** Fold entries ({update} in order of sequence) into a view of the job. */
export function viewOf(entries) {
  const view = {
    overall: entries.length === 0 ? 'waiting' : 'initializing',
    phase: null,
    message: '',
    agents: [],
    workOrder: null,
    startedAt: null,
    endedAt: null,
  };
  const agents = new Map();
  for (const { update } of entries) {
    view.startedAt ??= update.timestamp;
    if (update.agentName) {
      applyToAgent(agents, update);
      view.phase = view.phase === null || view.phase === 'loading_agents' ? 'agents' : view.phase;
      view.overall = isOver(view) ? view.overall : 'processing';
    } else {
      applyToJob(view, agents, update);
    }
  }
  view.agents = [...agents.values()];
  return view;
}

export function isOver(view) {
  return view.overall === 'completed' || view.overall === 'failed';
}

function applyToJob(view, agents, update) {
  if (isOver(view)) {
    return;
  }
  view.message = update.message;
  const metadata = parsed(update.metadata);
  switch (update.status) {
    case 'loading_agents':
      view.phase = 'loading_agents';
      plan(agents, metadata.plan);
      break;
    case 'complete':
      view.overall = 'completed';
      view.phase = 'complete';
      view.workOrder = metadata.workOrder ?? null;
      view.endedAt = update.timestamp;
      break;
    case 'error':
      view.overall = 'failed';
      view.endedAt = update.timestamp;
      break;
    default:
      view.overall = 'processing';
      view.phase = PHASES.includes(update.status) ? update.status : view.phase;
  }
}

/** metadata travels as JSON text (AWSJSON); anything else counts as empty. */
export function parsed(metadata) {
  if (typeof metadata !== 'string') {
    return metadata ?? {};
  }
  try {
    return JSON.parse(metadata) ?? {};
  } catch {
    return {};
  }
}

function plan(agents, planned) {
  for (const each of Array.isArray(planned) ? planned : []) {
    const name = typeof each === 'string' ? each : each?.name;
    if (typeof name === 'string' && name) {
      agentFor(agents, { agentName: name, invocationId: each.invocationId });
    }
  }
}

function agentFor(agents, { agentName, invocationId }) {
  const key = invocationId || agentName;
  if (!agents.has(key)) {
    agents.set(key, {
      key,
      name: agentName,
      state: 'pending',
      activity: 'Waiting for its turn',
      attempt: 1,
      tools: [],
      progress: null,
      milliseconds: null,
      startedAt: null,
    });
  }
  return agents.get(key);
}

function applyToAgent(agents, update) {
  const agent = agentFor(agents, update);
  const attempt = update.attempt ?? agent.attempt;
  if (attempt < agent.attempt) {
    return; // late news of an attempt that is history
  }
  if (attempt > agent.attempt) {
    Object.assign(agent, { attempt, state: 'pending', tools: [], progress: null, milliseconds: null, startedAt: null });
  }
  if (update.status === 'calling_tool' && update.toolName) {
    agent.tools.push({ name: update.toolName, reason: update.message });
  }
  if (FINISHED.has(agent.state)) {
    return; // only a newer attempt leaves an end
  }
  agent.activity = update.message;
  agent.startedAt ??= update.timestamp;
  agent.state = { agent_complete: 'success', agent_error: 'error' }[update.status] ?? 'in-progress';
  agent.progress = agent.state === 'success' ? null : (update.progress ?? agent.progress);
  agent.milliseconds = update.executionTimeMs ?? agent.milliseconds;
}
