import { useState } from 'react';

/** A choice that this browser stores. */
export function useStored<T extends string>(key: string, choices: readonly T[], first: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const kept = localStorage.getItem(key);
    return choices.find((choice) => choice === kept) ?? first;
  });
  return [
    value,
    (next) => {
      localStorage.setItem(key, next);
      setValue(next);
    },
  ];
}
