import { browserEnvironment, type Client, connect, type Environment, type Socket } from '@statusbeam/client';
import { useEffect, useMemo } from 'react';
import type { PageConfig } from '../config.ts';
import type { Session } from './session.ts';

export interface Line {
  client: Client;
  /** Breaks every socket as a bad network would. */
  cut: () => void;
}

/** The connection of a session. */
export function useClient(config: PageConfig, session: Session): Line {
  const line = useMemo(() => openLine(config, session), [config, session]);
  useEffect(() => () => line.client.close(), [line]);
  return line;
}

function openLine({ graphqlUrl, realtimeUrl }: PageConfig, { auth }: Session): Line {
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
