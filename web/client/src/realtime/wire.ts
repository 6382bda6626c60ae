// AppSync's real-time protocol (graphql-ws) as text: what is sent, what it means what comes. No socket in here.

import { errorOf, type StatusbeamError } from '../errors.ts';

/** What proves who we are: `x-api-key` or `Authorization`. */
export type AuthHeaders = Readonly<Record<string, string>>;

const STANDARD_URL = /^https:\/\/\w{26}\.appsync-api\.[\w-]+\.amazonaws\.com(?:\.cn)?\/graphql$/;

/** The address of the sockets that belongs to a GraphQL address. */
export function realtimeUrlOf(graphqlUrl: string): string {
  const socket = graphqlUrl.replace(/^http/, 'ws');
  return STANDARD_URL.test(graphqlUrl) ? socket.replace('appsync-api', 'appsync-realtime-api') : `${socket}/realtime`;
}

/** base64url without padding. */
export function base64url(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The subprotocols of the handshake. They carry the authorization: in the address it would end up in logs. */
export function subprotocols(graphqlUrl: string, headers: AuthHeaders): string[] {
  return ['graphql-ws', `header-${base64url(JSON.stringify(authorization(graphqlUrl, headers)))}`];
}

function authorization(graphqlUrl: string, headers: AuthHeaders): Record<string, string> {
  return { host: new URL(graphqlUrl).host, ...headers };
}

export const CONNECTION_INIT = JSON.stringify({ type: 'connection_init' });

export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The frame that starts a subscription; each is authorized by itself. */
export function startFrame(id: string, operation: Operation, graphqlUrl: string, headers: AuthHeaders): string {
  const { query, variables } = operation;
  const payload = {
    data: JSON.stringify({ query, variables }),
    extensions: { authorization: authorization(graphqlUrl, headers) },
  };
  return JSON.stringify({ id, type: 'start', payload });
}

export function stopFrame(id: string): string {
  return JSON.stringify({ id, type: 'stop' });
}

export type Frame =
  | { readonly type: 'ack'; readonly timeoutMs: number | null }
  | { readonly type: 'alive' }
  | { readonly type: 'started'; readonly id: string }
  | { readonly type: 'data'; readonly id: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly type: 'complete'; readonly id: string }
  /** `id` is null when the error is not about one subscription. */
  | { readonly type: 'error'; readonly id: string | null; readonly error: StatusbeamError }
  | { readonly type: 'refused'; readonly error: StatusbeamError };

/** What a frame says. Anything we don't know is a sign of life, no more. */
export function readFrame(text: string): Frame {
  const frame = parsed(text);
  const id = typeof frame.id === 'string' ? frame.id : null;
  const payload = isRecord(frame.payload) ? frame.payload : {};
  switch (frame.type) {
    case 'connection_ack': {
      const timeout = Number(payload.connectionTimeoutMs);
      return { type: 'ack', timeoutMs: timeout > 0 ? timeout : null };
    }
    case 'connection_error':
      return { type: 'refused', error: errorOf(payload.errors, 'The connection was refused.') };
    case 'error':
      return { type: 'error', id, error: errorOf(payload.errors) };
    case 'start_ack':
      return id === null ? { type: 'alive' } : { type: 'started', id };
    case 'complete':
      return id === null ? { type: 'alive' } : { type: 'complete', id };
    case 'data':
      return id === null || !isRecord(payload.data) ? { type: 'alive' } : { type: 'data', id, data: payload.data };
    default:
      return { type: 'alive' };
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const frame: unknown = JSON.parse(text);
    return isRecord(frame) ? frame : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
