// The keyboard in the list of jobs: `/` searches, `j` and `k` go to the next and the previous job, Enter opens it.

import { useEffect } from 'react';

export interface ListKeys {
  readonly toSearch: () => void;
  /** By so many rows. */
  readonly move: (rows: number) => void;
}

const FIELDS = 'input, textarea, select, [contenteditable]';

export function useListKeys({ toSearch, move }: ListKeys): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.matches(FIELDS);
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) {
        return;
      }
      if (event.key === '/') {
        event.preventDefault(); // Firefox would open its own search
        toSearch();
      } else if (event.key === 'j' || event.key === 'k') {
        move(event.key === 'j' ? 1 : -1);
      }
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [toSearch, move]);
}
