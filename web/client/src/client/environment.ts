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
  /** Run a function after the current code. */
  defer(action: () => void): void;
  /** Report a defect of a listener, of the deployment or of the client. */
  report(error: unknown): void;
  fetch(url: string, init: RequestInit): Promise<Response>;
  openSocket(url: string, protocols: string[], handlers: SocketHandlers): Socket;
  /** Listen for a tab that is shown, wakes up, or is online again. Returns a function that stops listening. */
  onWake(action: (isOtherNetwork: boolean) => void): () => void;
  /** Listen for the end of the page. */
  onLeave(action: () => void): () => void;
}

/** A new id of 24 letters and digits. */
export function newId(random: () => number): string {
  return Array.from({ length: 24 }, () => Math.floor(random() * 36).toString(36)).join('');
}

/** The environment of the browser, or of Node. */
export function browserEnvironment(): Environment {
  return {
    now: Date.now,
    random: Math.random,
    setTimeout: (action, milliseconds) => globalThis.setTimeout(action, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer as number),
    defer: (action) => queueMicrotask(action),
    report: (error) => (globalThis.reportError ?? console.error)(error), // Node lacks reportError
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
