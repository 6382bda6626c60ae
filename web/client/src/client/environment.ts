// The client's environment: time, random numbers, network, and the page's events. Tests pass their own.

export interface SocketHandlers {
  opened(): void;
  text(text: string): void;
  closed(): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface Environment {
  /** Epoch milliseconds. */
  now(): number;
  random(): number;
  setTimeout(action: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  /** After the code that runs now. */
  defer(action: () => void): void;
  /** Report a defect of a listener, of the deployment or of the client. */
  report(error: unknown): void;
  fetch(url: string, init: RequestInit): Promise<Response>;
  openSocket(url: string, protocols: string[], handlers: SocketHandlers): Socket;
  /** The tab is shown, comes back from sleep, or is online again. Gives a function that ends it. */
  onWake(action: (isOtherNetwork: boolean) => void): () => void;
  /** The page is being left. */
  onLeave(action: () => void): () => void;
}

/** A new id of 24 letters and digits. */
export function newId(random: () => number): string {
  return Array.from({ length: 24 }, () => Math.floor(random() * 36).toString(36)).join('');
}

/** The browser's (or Node's) own. */
export function browserEnvironment(): Environment {
  return {
    now: Date.now,
    random: Math.random,
    setTimeout: (action, milliseconds) => globalThis.setTimeout(action, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer as number),
    defer: (action) => queueMicrotask(action),
    report: (error) => (globalThis.reportError ?? console.error)(error), // Node has no reportError
    fetch: (url, init) => globalThis.fetch(url, init),
    openSocket,
    onWake: (action) =>
      listening([
        ['document', 'visibilitychange', () => globalThis.document.hidden || action(false)],
        ['window', 'online', () => action(true)],
        ['window', 'pageshow', () => action(false)],
        ['document', 'resume', () => action(false)],
      ]),
    onLeave: (action) => listening([['window', 'pagehide', action]]),
  };
}

function openSocket(url: string, protocols: string[], handlers: SocketHandlers): Socket {
  const socket = new WebSocket(url, protocols);
  socket.onopen = () => handlers.opened();
  socket.onmessage = ({ data }) => handlers.text(String(data));
  socket.onclose = () => handlers.closed();
  return {
    send: (text) => socket.readyState === 1 && socket.send(text),
    close: () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
    },
  };
}

function listening(wanted: [target: 'document' | 'window', event: string, action: () => void][]): () => void {
  const ending = new AbortController();
  for (const [name, event, action] of wanted) {
    const target = (name === 'document' ? globalThis.document : globalThis.window) as EventTarget | undefined;
    target?.addEventListener(event, action, ending);
  }
  return () => ending.abort();
}
