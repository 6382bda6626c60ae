import { type Ref, useId } from 'react';
import { Chips } from '../ui/Chips.tsx';
import { Icon } from '../ui/Icon.tsx';
import { STATES } from './jobFilter.ts';
import { EVERYTHING, type ListState, showsEverything } from './listState.ts';

interface Props {
  /** The label of the search field: "Search jobs". */
  label: string;
  placeholder: string;
  state: ListState;
  onChange: (changes: Partial<ListState>) => void;
  /** The offered workflows. Other workflows have only older jobs. */
  workflows: readonly string[];
  /** Whether there are more filters than state and search. */
  canNarrow: boolean;
  field?: Ref<HTMLInputElement>;
  /** Enter or ↓ in the search. */
  onEnter?: () => void;
}

/** The filters of a list of jobs: search, state, workflow, and the days on which they began. */
export function FilterBar({ label, placeholder, state, onChange, workflows, canNarrow, field, onEnter }: Props) {
  const id = useId();
  const { filter, search, workflow, from, to } = state;
  const narrowed = [workflow, from, to].filter(Boolean).length;
  return (
    <div className="filters">
      <div className="search">
        <Icon name="search" size={14} />
        <input
          ref={field}
          type="search"
          placeholder={placeholder}
          aria-label={label}
          value={search}
          aria-keyshortcuts={onEnter && '/'}
          onChange={(event) => onChange({ search: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape' && search === '') {
              event.currentTarget.blur();
            } else if ((event.key === 'Enter' || event.key === 'ArrowDown') && onEnter) {
              event.preventDefault();
              onEnter();
            }
          }}
        />
      </div>
      <Chips label="State" choices={STATES} chosen={filter} onChoose={(next) => onChange({ filter: next })} />
      {canNarrow && (
        <details className="filters-more" open={narrowed > 0 || undefined}>
          <summary>
            <Icon name="right" size={12} /> Workflow and date
            {narrowed > 0 && <span className="tabular filters-count">{narrowed}</span>}
          </summary>
          <div className="filters-fields">
            <div>
              <label htmlFor={`${id}-workflow`}>Workflow</label>
              <input
                id={`${id}-workflow`}
                type="text"
                list={`${id}-workflows`}
                placeholder="Any"
                value={workflow}
                onChange={(event) => onChange({ workflow: event.target.value })}
              />
              <datalist id={`${id}-workflows`}>
                {workflows.map((name) => (
                  <option key={name} value={name} />
                ))}
              </datalist>
            </div>
            <div>
              <label htmlFor={`${id}-from`}>Began on or after</label>
              <input id={`${id}-from`} type="date" value={from} onChange={(event) => onChange({ from: event.target.value })} />
            </div>
            <div>
              <label htmlFor={`${id}-to`}>Began on or before</label>
              <input id={`${id}-to`} type="date" value={to} onChange={(event) => onChange({ to: event.target.value })} />
            </div>
          </div>
        </details>
      )}
      {!showsEverything(state) && (
        <button type="button" className="link-button filters-clear" onClick={() => onChange(EVERYTHING)}>
          <Icon name="cross" size={12} /> Clear filters
        </button>
      )}
    </div>
  );
}
