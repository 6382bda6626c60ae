// Icons as components: drawn on a 16-pixel grid, in the colour of the text next to them.

import type { ReactNode } from 'react';

const SHAPES = {
  check: <path d="m3.5 8.5 3 3 6-7" />,
  cross: <path d="m4.5 4.5 7 7m0-7-7 7" />,
  spinner: <path d="M8 2.2a5.8 5.8 0 1 0 5.8 5.8" />,
  circle: <circle cx="8" cy="8" r="5.2" strokeDasharray="2.2 2.2" />,
  dot: <circle cx="8" cy="8" r="3" fill="currentColor" />,
  pause: <path d="M5.5 3.5v9m5-9v9" />,
  play: <path d="M5 3.3v9.4l7.4-4.7z" fill="currentColor" />,
  back: <path d="M11 3.5 5.5 8l5.5 4.5zM4 3.5v9" fill="currentColor" />,
  forward: <path d="M5 3.5 10.5 8 5 12.5zM12 3.5v9" fill="currentColor" />,
  stop: <path d="M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM6 6h4v4H6z" />,
  minus: <path d="M4 8h8" />,
  hourglass: <path d="M4.5 2.2h7m-7 11.6h7M5.2 2.2v2.4L8 8l2.8-3.4V2.2M5.2 13.8v-2.4L8 8l2.8 3.4v2.4" />,
  unplugged: (
    <path d="m2.5 13.5 2-2m7-7 2-2M9.8 9.8l-1.3 1.3a2.7 2.7 0 0 1-3.8 0 2.7 2.7 0 0 1 0-3.8L6 6m.4-.2 3.8 3.8m-.1-4.9a2.7 2.7 0 0 1 3.4.3M10 6 8.9 4.9" />
  ),
  alert: <path d="M8 5.3v3.4m0 2.5v.1M6.9 2.6 1.9 11.4c-.5.9.1 2 1.1 2h10c1 0 1.6-1.1 1.1-2l-5-8.8c-.5-.9-1.7-.9-2.2 0z" />,
  info: <path d="M8 7.3v3.6m0-6v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z" />,
  question: <path d="M6.3 6.3a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.9.7-.9 1.3m0 1.9v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z" />,
  tool: <path d="M9.6 6.4 3.2 12.8M13.4 4.8a3.2 3.2 0 0 1-4.2 4.1L6.9 6.7a3.2 3.2 0 0 1 4.2-4.1L9.4 4.3l.3 2 2 .3z" />,
  clock: <path d="M8 4.5V8l2.3 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z" />,
  list: <path d="M5.8 4h8m-8 4h8m-8 4h8M2.3 4h.1m-.1 4h.1m-.1 4h.1" />,
  agents: (
    <path d="M5 7.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zm6.2 0a1.9 1.9 0 1 0 0-3.8M1.5 13c.2-2.3 1.6-3.6 3.5-3.6S8.3 10.7 8.5 13m1.9-3.5c2.3-.3 3.9 1 4.1 3.5" />
  ),
  search: <path d="m10.3 10.3 3.2 3.2M11.7 7a4.7 4.7 0 1 1-9.4 0 4.7 4.7 0 0 1 9.4 0z" />,
  plus: <path d="M8 3v10M3 8h10" />,
  left: <path d="M9.8 3.5 5.3 8l4.5 4.5" />,
  right: <path d="m6.2 3.5 4.5 4.5-4.5 4.5" />,
  down: <path d="m3.5 6.2 4.5 4.5 4.5-4.5" />,
  retry: <path d="M13.3 8A5.3 5.3 0 1 1 11.5 4M13.5 2v3h-3" />,
  copy: <path d="M6 5.8h6.5v7.7H6zM10 5.6V2.5H3.5v7.7h2.3" />,
  link: (
    <path d="M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3a2.6 2.6 0 0 0-3.7-3.7l-.7.7m1 2.7a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.7-.7" />
  ),
  sun: (
    <path d="M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1m0 11v1M1.5 8h1m11 0h1M3.4 3.4l.7.7m7.8 7.8.7.7m0-9.2-.7.7M4.1 11.9l-.7.7" />
  ),
  moon: <path d="M13.5 9.6A5.9 5.9 0 0 1 6.4 2.5a5.9 5.9 0 1 0 7.1 7.1z" />,
  monitor: <path d="M2 3h12v8H2zm4 10.5h4M8 11v2.5" />,
  keyboard: <path d="M1.8 4h12.4v8H1.8zM4.5 6.7h.1m2.2 0h.1m2.2 0h.1m2.2 0h.1M5.3 9.5h5.4" />,
  out: <path d="M9.5 2.5h-6v11h6M6.5 8h7.5m-2.5-2.7L14 8l-2.5 2.7" />,
  devices: <path d="M9 11.5H2.5v-8h11v2M6.5 13.5H9m1.5-6h3v6h-3z" />,
  pulse: <path d="M1.5 8h3L6.3 3.5 9.5 12.5 11.3 8h3.2" />,
  rewind: <path d="M2.5 8A5.5 5.5 0 1 0 4.3 3.9M2.5 2.3v2.9h2.9M8 5v3.2l2.2 1.3" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof SHAPES;

/** An icon of `size` pixels. It is decoration: the label next to it has the same meaning. */
export function Icon({ name, size = 16, className = '' }: { name: IconName; size?: number; className?: string }) {
  return (
    <svg
      className={`icon ${className}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {SHAPES[name]}
    </svg>
  );
}
