// <job-status> in JSX.

import type { ClassAttributes, HTMLAttributes } from 'react';

import type { JobStatusElement } from '../element/index.ts';

export interface JobStatusProps extends HTMLAttributes<JobStatusElement>, ClassAttributes<JobStatusElement> {
  'job-id'?: string | number;
  url?: string;
  'realtime-url'?: string;
  'api-key'?: string;
  'user-id'?: string;
  'token-callback'?: string;
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'job-status': JobStatusProps;
    }
  }
}
