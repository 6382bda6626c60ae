import { browserEnvironment, type Client, connect, type Environment, type Socket } from '@statusbeam/client';
import { useEffect, useMemo } from 'react';
import type { PageConfig } from '../config.ts';
import type { Session } from './session.ts';

export interface ClientConnection {
  client: Client;
  /** Breaks every socket as a bad network would. */
  cut: () => void;
}

/** The client of a session, and its connection. */
export function useClient(config: PageConfig, session: Session): ClientConnection {
  const connection = useMemo(() => openConnection(config, session), [config, session]);
  useEffect(() => () => connection.client.close(), [connection]);
  return connection;
}

function openConnection({ graphqlUrl, realtimeUrl }: PageConfig, { auth }: Session): ClientConnection {
  const open = new Map<Socket, () => void>();
  const browser = browserEnvironment();
  const environment: Environment = {
    ...browser,
    openSocket: (url, protocols, handlers) => {
      const closed = () => {
        open.delete(socket);
        handlers.closed();
      };
      const socket = browser.openSocket(url, protocols, {
        ...handlers,
        opened: () => handlers.opened(),
        text: (text) => handlers.text(text),
        closed,
      });
      open.set(socket, closed);
      const close = () => {
        open.delete(socket);
        socket.close();
      };
      return { send: (text) => socket.send(text), close };
    },
  };
  const client = connect({ url: graphqlUrl, ...(realtimeUrl ? { realtimeUrl } : {}), auth, environment });
  const cut = () => {
    for (const [socket, closed] of [...open]) {
      socket.close();
      closed();
    }
  };
  return { client, cut };
}
