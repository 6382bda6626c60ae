import type { JobCount } from '../types.ts';
import { ScrollRegion } from '../ui/ScrollRegion.tsx';
import { COUNTED, workflowCounts } from './tenantFilter.ts';

interface Props {
  counts: readonly JobCount[];
  /** The workflow by which the jobs below are filtered; empty: any. */
  chosen: string;
  onChoose: (workflow: string) => void;
}

/** Today's jobs by workflow. A click on one shows its jobs only. */
export function WorkflowsPanel({ counts, chosen, onChoose }: Props) {
  const rows = workflowCounts(counts);
  return (
    <section className="panel tenant-panel" aria-labelledby="workflows-title">
      <header className="panel-head">
        <h2 id="workflows-title">Workflows</h2>
        <p className="muted small">Today's jobs, since midnight</p>
      </header>
      {rows.length === 0 ? (
        <p className="muted small tenant-none">No job has begun today.</p>
      ) : (
        <ScrollRegion className="tenant-scroll" label="Jobs by workflow">
          <table className="tenant-table" id="workflows">
            <thead>
              <tr>
                <th scope="col">Workflow</th>
                {COUNTED.map(([name]) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ workflow, numbers }) => (
                <tr key={workflow ?? ''}>
                  <th scope="row">
                    {workflow === null ? (
                      <span className="muted">None named</span>
                    ) : (
                      <button
                        type="button"
                        className="link-button"
                        aria-pressed={chosen === workflow}
                        onClick={() => onChoose(chosen === workflow ? '' : workflow)}
                      >
                        <bdi>{workflow}</bdi>
                      </button>
                    )}
                  </th>
                  {numbers.map(([name, number]) => (
                    <td key={name} className="tabular">
                      {number}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </section>
  );
}
