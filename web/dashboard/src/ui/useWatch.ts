import { useMemo, useSyncExternalStore } from 'react';
import { oncePerFrame } from './frames.ts';

interface Watched<State> {
  getState: () => State;
  subscribe: (listener: () => void) => () => void;
}

/** What a watch of the client says, drawn at most once a frame. `none` while there is nothing to watch. */
export function useWatch<State>(watch: Watched<State> | null, none: State): State {
  const subscribe = useMemo(
    () => (watch ? oncePerFrame((listener) => watch.subscribe(listener)) : () => () => undefined),
    [watch]
  );
  return useSyncExternalStore(subscribe, () => watch?.getState() ?? none);
}
