interface Choice<Key extends string> {
  readonly key: Key;
  readonly label: string;
  readonly count?: number;
}

interface Props<Key extends string> {
  label: string;
  choices: readonly Choice<Key>[];
  chosen: Key;
  onChoose: (key: Key) => void;
}

/** A choice between a few options. Pressing another option changes it at once. */
export function Chips<Key extends string>({ label, choices, chosen, onChoose }: Props<Key>) {
  return (
    <fieldset className="chips">
      <legend className="sr-only">{label}</legend>
      {choices.map(({ key, label: name, count }) => (
        <button key={key} type="button" className="chip" aria-pressed={chosen === key} onClick={() => onChoose(key)}>
          {name}
          {count !== undefined && <span className="tabular">{count}</span>}
        </button>
      ))}
    </fieldset>
  );
}
