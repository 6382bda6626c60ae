// Keys that work anywhere on the page, except in a text field or an open dialog.

import { useEffect } from 'react';

const FIELDS = 'input:not([type="range"]), textarea, select, [contenteditable]';

/** The names are those of KeyboardEvent.key. */
export function useShortcuts(shortcuts: ReadonlyMap<string, () => void>): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.matches(FIELDS);
      const isTaken = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented;
      const shortcut = shortcuts.get(event.key);
      if (shortcut !== undefined && !isTyping && !isTaken && document.querySelector('dialog[open]') === null) {
        event.preventDefault(); // Firefox would open its own search at `/`
        shortcut();
      }
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [shortcuts]);
}
