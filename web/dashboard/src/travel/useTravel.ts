// Time travel in one job: the shown moment, and the replay from there.

import { useCallback, useEffect, useState } from 'react';
import type { StatusUpdate } from '../types.ts';
import { delayToNext, indexAt, type Speed } from './playback.ts';

export interface Travel {
  /** The sequence shown; null is the present. */
  at: number | null;
  isPlaying: boolean;
  speed: Speed;
  goTo: (sequence: number | null) => void;
  step: (statuses: number) => void;
  play: () => void;
  pause: () => void;
  setSpeed: (speed: Speed) => void;
}

/** `first` is the moment that the address names. */
export function useTravel(updates: readonly StatusUpdate[], first: number | null): Travel {
  const [at, setAt] = useState(first);
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>(1);
  const index = at === null ? updates.length - 1 : indexAt(updates, at);

  useEffect(() => {
    if (!isPlaying) {
      return undefined;
    }
    const delay = delayToNext(updates, index, speed);
    const next = updates[index + 1];
    if (delay === null || !next) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => setAt(next.sequence), delay);
    return () => clearTimeout(timer);
  }, [isPlaying, updates, index, speed]);

  const goTo = useCallback((sequence: number | null) => {
    setPlaying(false);
    setAt(sequence);
  }, []);
  const step = (statuses: number) => {
    const target = updates[Math.min(updates.length - 1, Math.max(0, index + statuses))];
    goTo(target?.sequence ?? null);
  };
  const play = () => {
    if (at === null || index >= updates.length - 1) {
      setAt(updates[0]?.sequence ?? null); // from the beginning again
    }
    setPlaying(true);
  };
  return { at, isPlaying, speed, goTo, step, play, pause: () => setPlaying(false), setSpeed };
}
