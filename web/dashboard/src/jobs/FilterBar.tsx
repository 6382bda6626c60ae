import type { ReactNode, Ref } from 'react';
import { Chips } from '../ui/Chips.tsx';
import { Icon } from '../ui/Icon.tsx';
import { STATES } from './jobFilter.ts';
import { EVERYTHING, type ListState, showsEverything } from './listState.ts';

interface Props {
  /** What is searched, for the field: "Search jobs". */
  label: string;
  placeholder: string;
  state: ListState;
  onChange: (changes: Partial<ListState>) => void;
  /** Those that can be chosen. */
  workflows: readonly string[];
  /** Whether the list can be narrowed by more than state and search. */
  canNarrow: boolean;
  field?: Ref<HTMLInputElement>;
  /** Enter or ↓ in the search. */
  onEnter?: () => void;
}

/** What narrows a list of jobs: search, state, workflow, and the days on which they began. */
export function FilterBar({ label, placeholder, state, onChange, workflows, canNarrow, field, onEnter }: Props) {
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
            <Labelled name="Workflow">
              <select value={workflow} onChange={(event) => onChange({ workflow: event.target.value })}>
                <option value="">Any</option>
                {workflows.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </Labelled>
            <Labelled name="Began on or after">
              <input type="date" value={from} onChange={(event) => onChange({ from: event.target.value })} />
            </Labelled>
            <Labelled name="Began on or before">
              <input type="date" value={to} onChange={(event) => onChange({ to: event.target.value })} />
            </Labelled>
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

function Labelled({ name, children }: { name: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label>
      <span>{name}</span>
      {children}
    </label>
  );
}
