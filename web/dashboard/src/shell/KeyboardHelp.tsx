import { useMemo, useRef } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { useShortcuts } from '../ui/useShortcuts.ts';

const KEYS: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ['/'], does: 'Search the jobs' },
  { keys: ['j', 'k'], does: 'Next and previous job of the list' },
  { keys: ['Enter'], does: 'Open the job; in the search, go to the first job found' },
  { keys: ['←', '→'], does: 'On the slider: one status back or on' },
  { keys: ['Page Up', 'Page Down'], does: 'On the slider: a larger step' },
  { keys: ['Home', 'End'], does: 'On the slider: the first and the newest status' },
  { keys: ['?'], does: 'Show these keys' },
  { keys: ['Esc'], does: 'Close the open dialog, or leave the search' },
];

/** The button that shows the keys, and the dialog; `?` opens it from anywhere. */
export function KeyboardHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => dialog.current?.showModal();
  useShortcuts(useMemo(() => new Map([['?', () => dialog.current?.showModal()]]), []));
  return (
    <>
      <button
        type="button"
        className="button bare square"
        onClick={open}
        aria-label="Keyboard shortcuts"
        aria-keyshortcuts="?"
        title="Keyboard shortcuts: ?"
      >
        <Icon name="keyboard" />
      </button>
      <dialog ref={dialog} className="keyboard" id="keyboard" aria-labelledby="keyboard-title">
        <div className="keyboard-head">
          <h2 id="keyboard-title">Keyboard</h2>
          <button type="button" className="button bare square" onClick={() => dialog.current?.close()} aria-label="Close">
            <Icon name="cross" />
          </button>
        </div>
        <dl>
          {KEYS.map(({ keys, does }) => (
            <div key={does}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </dialog>
    </>
  );
}
