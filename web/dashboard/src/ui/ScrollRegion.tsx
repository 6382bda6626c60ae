import type { ReactNode, Ref, UIEventHandler } from 'react';

interface Props {
  ref?: Ref<HTMLElement>;
  className: string;
  label: string;
  onScroll?: UIEventHandler;
  children: ReactNode;
}

/** A region that scrolls, also by keyboard. */
export function ScrollRegion({ ref, className, label, onScroll, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, the keyboard could not scroll
    <section ref={ref} className={className} aria-label={label} tabIndex={0} onScroll={onScroll}>
      {children}
    </section>
  );
}
