// Light or dark: the system's setting, unless the reader chose. The styles do the rest (light-dark()).

import { useEffect } from 'react';
import { useStored } from '../ui/useStored.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The reader's choice, kept on the document, where the styles see it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useStored<Theme>('statusbeam-theme', THEMES, 'system');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme];
}
