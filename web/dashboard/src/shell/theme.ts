// The light or dark theme: the system's setting, unless the reader chooses. The styles use light-dark().

import { useEffect } from 'react';
import { useStored } from '../ui/useStored.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Store the reader's choice on the document, where the styles read it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useStored<Theme>('statusbeam-theme', THEMES, 'system');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme];
}
