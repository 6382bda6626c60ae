import { FilterBar } from '../jobs/FilterBar.tsx';
import { workflowsOf } from '../jobs/jobFilter.ts';
import { BEHIND_TENANT, showsEverything, useListState } from '../jobs/listState.ts';
import type { Client } from '../types.ts';
import { PanelBoundary } from '../ui/Boundary.tsx';
import { Icon } from '../ui/Icon.tsx';
import { AgentsPanel } from './AgentsPanel.tsx';
import { EarlierJobs } from './EarlierJobs.tsx';
import { Problem } from './Problem.tsx';
import { ReportingJobs } from './ReportingJobs.tsx';
import { ThroughputPanel } from './ThroughputPanel.tsx';
import { countsOf } from './tenantFilter.ts';
import { useTenantView } from './useTenantView.ts';
import { WorkflowsPanel } from './WorkflowsPanel.tsx';

interface Props {
  client: Client;
  tenantId: string;
}

/** The operator's view: the tenant's jobs, agents and numbers. */
export function TenantPage({ client, tenantId }: Props) {
  const [state, change] = useListState(BEHIND_TENANT);
  const { tenant, counts, problem, sums, agents, known, reporting, earlier, ...view } = useTenantView(client, state);
  const { snapshots, minutes, error } = tenant;
  return (
    <article className="tenant" aria-labelledby="tenant-title">
      <header>
        <a className="back" href="#home">
          <Icon name="left" size={14} /> Jobs
        </a>
        <h1 id="tenant-title" tabIndex={-1}>
          Tenant {tenantId}
        </h1>
        <p className="muted">Numbers of today's jobs, since midnight; below, each job as it reports.</p>
      </header>
      {error && <Problem text={`The tenant cannot be watched. ${error.message}`} />}
      {problem !== null && <Problem text={`The tenant's jobs cannot be counted. ${problem}`} />}
      <dl className="panel tenant-sums">
        {(
          [
            ...(counts === null ? [] : countsOf(counts)),
            ['Waiting now', sums.waiting],
            ['Silent now', sums.silent],
            ['Users now', sums.users],
          ] as const
        ).map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="tabular">{count}</dd>
          </div>
        ))}
      </dl>
      <div className="tenant-panels">
        <PanelBoundary name="The agents" resetKeys={[snapshots]}>
          <AgentsPanel agents={agents} jobs={snapshots.length} unread={tenant.unread} />
        </PanelBoundary>
        <PanelBoundary name="The workflows" resetKeys={[counts]}>
          {counts !== null && (
            <WorkflowsPanel counts={counts} chosen={state.workflow} onChoose={(workflow) => change({ workflow })} />
          )}
        </PanelBoundary>
        <PanelBoundary name="The throughput" resetKeys={[minutes]}>
          <ThroughputPanel minutes={minutes} sinceMs={tenant.sinceMs || view.now} now={view.now} />
        </PanelBoundary>
      </div>
      <FilterBar
        label="Search the tenant's jobs"
        placeholder="Job, user, agent or message"
        state={state}
        onChange={change}
        workflows={workflowsOf([...known.values()])}
        canNarrow
      />
      <ReportingJobs
        shown={reporting}
        isAny={tenant.jobs.length > 0}
        recent={tenant.recent}
        now={view.now}
        isLive={tenant.connection === 'live'}
      />
      <EarlierJobs jobs={earlier} isNarrowed={!showsEverything(state)} {...view} />
    </article>
  );
}
