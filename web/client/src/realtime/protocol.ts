// The frames of AppSync's real-time protocol (graphql-ws), as text to send and to read. It has no socket.

import { errorOf, type StatusbeamError } from '../errors.ts';
import { isObject, jsonObject } from '../fold/numbers.ts';

/** The credentials: `x-api-key` or `Authorization`. */
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

/** The subprotocols of the handshake. They carry the authorization, because an address ends up in logs. */
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

/** The frame that starts a subscription. Each subscription has an authorization of its own. */
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

const ALIVE: Frame = { type: 'alive' };

/** Read a frame. An unknown one only shows that the connection is alive. */
export function readFrame(text: string): Frame {
  const frame = jsonObject(text) ?? {};
  const id = typeof frame.id === 'string' ? frame.id : null;
  const payload = isObject(frame.payload) ? frame.payload : {};
  if (frame.type === 'connection_ack') {
    const timeout = Number(payload.connectionTimeoutMs);
    return { type: 'ack', timeoutMs: timeout > 0 ? timeout : null };
  }
  if (frame.type === 'connection_error') {
    return { type: 'refused', error: errorOf(payload.errors, 'The connection was refused.') };
  }
  if (frame.type === 'error') {
    return { type: 'error', id, error: errorOf(payload.errors) };
  }
  if (id === null) {
    return ALIVE;
  }
  if (frame.type === 'data') {
    return isObject(payload.data) ? { type: 'data', id, data: payload.data } : ALIVE;
  }
  return frame.type === 'start_ack' ? { type: 'started', id } : frame.type === 'complete' ? { type: 'complete', id } : ALIVE;
}
