import { plural } from '../format.ts';
import { jobLink } from '../router.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { type AgentHealth, type Health, NEWEST } from './agentHealth.ts';

/** `state` is the state with the same colours. */
const SIGNS: Record<Health, { label: string; icon: IconName; state: string }> = {
  healthy: { label: 'Healthy', icon: 'check', state: 'success' },
  degraded: { label: 'Degraded', icon: 'alert', state: 'error' },
  stale: { label: 'Stale', icon: 'hourglass', state: 'stale' },
  lost: { label: 'Lost', icon: 'unplugged', state: 'lost' },
  unknown: { label: 'Unknown', icon: 'question', state: 'unknown' },
};

interface Props {
  agents: readonly AgentHealth[];
  /** The number of their jobs, and of jobs that could not be read. */
  jobs: number;
  unread: number;
}

/** The agents of the tenant by name, the worst first. */
export function AgentsPanel({ agents, jobs, unread }: Props) {
  return (
    <section className="panel tenant-panel" aria-labelledby="health-title">
      <header className="panel-head">
        <h2 id="health-title">Agents</h2>
        <p className="muted small">
          From {plural(jobs, 'job')}: the newest, the running and the reporting ones
          {unread > 0 && `; ${plural(unread, 'job')} could not be read`}
        </p>
      </header>
      {agents.length === 0 ? (
        <p className="muted small tenant-none">No agent has reported.</p>
      ) : (
        <ScrollRegion className="tenant-scroll" label="Health of the agents">
          <table className="tenant-table" id="agent-health">
            <thead>
              <tr>
                <th scope="col">Agent</th>
                <th scope="col">Health</th>
                <th scope="col">Running</th>
                <th scope="col">Waiting</th>
                <th scope="col">Silent</th>
                <th scope="col" title={`Of the newest ${NEWEST} that ended by themselves`}>
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {agents.map((agent) => (
                <Row key={agent.name} agent={agent} />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      <p className="muted small tenant-rule">
        Lost or stale: an invocation that should report is silent. Degraded: at least one in five of its newest {NEWEST} failed.
      </p>
    </section>
  );
}

function Row({ agent: { name, health, running, waiting, silent, failed, ended, example } }: { agent: AgentHealth }) {
  const { label, icon, state } = SIGNS[health];
  return (
    <tr data-health={health}>
      <th scope="row">
        <bdi>{name}</bdi>
      </th>
      <td>
        <span className="badge" data-state={state}>
          <Icon name={icon} size={13} />
          {label}
        </span>
        {example && health !== 'healthy' && (
          <a className="tenant-example" href={jobLink(example)} aria-label={`A job in which ${name} is ${label.toLowerCase()}`}>
            Job <Icon name="right" size={11} />
          </a>
        )}
      </td>
      <td className="tabular">{running}</td>
      <td className="tabular">{waiting}</td>
      <td className="tabular">{silent}</td>
      <td className="tabular">{ended === 0 ? '–' : `${failed} of ${ended}`}</td>
    </tr>
  );
}
