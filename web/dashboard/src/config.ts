// The page's configuration: /config.json, written at deploy.

import { createContext } from 'react';

export interface DemoUser {
  username: string;
  password: string;
  tenantId: string;
  roles?: string[];
}

/** A Cognito user pool, with the page's own form for name and password. */
export interface PasswordSignIn {
  kind: 'password';
  region: string;
  userPoolId: string;
  clientId: string;
  /** The claim of ID tokens that is the user's id; `sub` if it is absent. */
  userClaim?: string;
  /** Cognito's address when it isn't AWS'. */
  endpoint?: string;
}

/** An OpenID Connect provider, on whose own pages readers sign in. */
export interface OidcSignIn {
  kind: 'oidc';
  issuer: string;
  clientId: string;
  scopes: readonly string[];
  /** The claim of ID tokens that is the user's id; `sub` if it is absent. */
  userClaim?: string;
  tenantClaim: string;
  rolesClaim: string;
}

/** Cognito's managed login, on pages of the pool's own domain; also the way to SAML. */
export interface ManagedLoginSignIn {
  kind: 'managedLogin';
  issuer: string;
  clientId: string;
  scopes: readonly string[];
  /** The host of its pages. */
  domain: string;
  /** The claim of ID tokens that is the user's id; `sub` if it is absent. */
  userClaim?: string;
  /** Readers go straight to this provider of the pool, by its name in Cognito. */
  identityProvider?: string;
}

/** Readers sign in on another site, which sends them back with a code. */
export type RedirectSignIn = OidcSignIn | ManagedLoginSignIn;

export interface PageConfig {
  graphqlUrl: string;
  realtimeUrl?: string;
  signIn: PasswordSignIn | RedirectSignIn;
  /** The operator's own log search, with {errorId} and {jobId} to be filled in. */
  logLink?: string;
  /** Present on localcloud only. */
  demoUsers?: DemoUser[];
  /** Whether the page may start the example's job: on localcloud, with the built-in app. */
  hasExample?: boolean;
}

export const ConfigContext = createContext<Pick<PageConfig, 'logLink'>>({});

/** The link to the log search; null without a template, or if it makes no web address. */
export function logLinkOf(
  template: string | undefined,
  values: { readonly errorId: string; readonly jobId: string }
): string | null {
  const link = template
    ?.replaceAll('{errorId}', encodeURIComponent(values.errorId))
    .replaceAll('{jobId}', encodeURIComponent(values.jobId));
  return link !== undefined && /^https?:\/\//.test(link) ? link : null;
}

const SIGN_IN_FIELDS = {
  password: ['region', 'userPoolId', 'clientId'],
  oidc: ['issuer', 'clientId', 'scopes', 'tenantClaim', 'rolesClaim'],
  managedLogin: ['issuer', 'clientId', 'scopes', 'domain'],
} as const;

/** Read the configuration. Throws if it cannot be read or lacks a field. */
export async function readConfig(fetch = globalThis.fetch.bind(globalThis)): Promise<PageConfig> {
  const response = await fetch('config.json', { cache: 'no-store' });
  if (!response.ok) {
    throw new Error(`config.json: ${response.status}`);
  }
  const config = (await response.json()) as PageConfig;
  check(config, '', ['graphqlUrl', 'signIn']);
  const { signIn } = config;
  if (!Object.hasOwn(SIGN_IN_FIELDS, signIn.kind)) {
    throw new Error(`config.json: signIn.kind is ${JSON.stringify(signIn.kind)}, which this page does not know`);
  }
  check(signIn, 'signIn.', SIGN_IN_FIELDS[signIn.kind]);
  return config;
}

function check(values: object, prefix: string, names: readonly string[]): void {
  const lacking = names.find((name) => !(values as Record<string, unknown>)[name]);
  if (lacking !== undefined) {
    throw new Error(`config.json lacks ${prefix}${lacking}`);
  }
}
