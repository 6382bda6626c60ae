import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { Announcer } from './announcer.ts';

const AnnouncerContext = createContext<Announcer>(new Announcer(() => undefined));

/** For components that announce something to screen readers. */
export const useAnnouncer = (): Announcer => useContext(AnnouncerContext);

/** The one live region of the page. */
export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState('');
  const announcer = useMemo(() => new Announcer(setText), []);
  return (
    <AnnouncerContext value={announcer}>
      {children}
      <p className="sr-only" id="announcer" aria-live="polite">
        {text}
      </p>
    </AnnouncerContext>
  );
}
