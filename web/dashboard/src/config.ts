// What the page must know before it can do anything: /config.json, written at deploy.

import { createContext } from 'react';

export interface DemoUser {
  username: string;
  password: string;
  tenantId: string;
  roles?: string[];
}

export interface PageConfig {
  graphqlUrl: string;
  realtimeUrl?: string;
  region: string;
  userPoolClientId: string;
  /** Cognito's address when it isn't AWS'. */
  awsEndpointUrl?: string;
  /** The operator's own log search, with {errorId} and {jobId} to be filled in. */
  logLink?: string;
  /** Present on localcloud only. */
  demoUsers?: DemoUser[];
  /** Whether the page may start the example's job: on localcloud, with the built-in app. */
  hasExample?: boolean;
}

export const ConfigContext = createContext<Pick<PageConfig, 'logLink'>>({});

/** The link to the log search; null without a template, or with one that leads to no web address. */
export function logLinkOf(
  template: string | undefined,
  values: { readonly errorId: string; readonly jobId: string }
): string | null {
  const link = template
    ?.replaceAll('{errorId}', encodeURIComponent(values.errorId))
    .replaceAll('{jobId}', encodeURIComponent(values.jobId));
  return link !== undefined && /^https?:\/\//.test(link) ? link : null;
}

/** Read it. Throws when it can't be read or lacks something. */
export async function readConfig(fetch = globalThis.fetch.bind(globalThis)): Promise<PageConfig> {
  const response = await fetch('config.json', { cache: 'no-store' });
  if (!response.ok) {
    throw new Error(`config.json: ${response.status}`);
  }
  const config = (await response.json()) as Partial<PageConfig>;
  for (const name of ['graphqlUrl', 'region', 'userPoolClientId'] as const) {
    if (typeof config[name] !== 'string' || config[name] === '') {
      throw new Error(`config.json lacks ${name}`);
    }
  }
  return config as PageConfig;
}
