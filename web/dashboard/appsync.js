// AppSync without an SDK: GraphQL over HTTP, and subscriptions over its WebSocket protocol (graphql-ws).

const HANDSHAKE_MS = 15_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const STANDARD_URL = /^https:\/\/\w{26}\.appsync-api\.[\w-]+\.amazonaws\.com(?:\.cn)?\/graphql$/;

export class GraphQLError extends Error {
  constructor(errors) {
    const list = listOf(errors);
    super(list[0]?.message ?? 'The API refused.');
    this.errorType = list[0]?.errorType ?? null;
  }
}

/** AppSync sends `errors` as a list, and for some errors as one object. */
export function listOf(errors) {
  if (Array.isArray(errors)) {
    return errors;
  }
  return errors ? [errors] : [];
}

/** The address of the sockets that belongs to a GraphQL address. */
export function realtimeUrlOf(graphqlUrl) {
  const socket = graphqlUrl.replace(/^http/, 'ws');
  return STANDARD_URL.test(graphqlUrl) ? socket.replace('appsync-api', 'appsync-realtime-api') : `${socket}/realtime`;
}

/** base64url without padding, as the subprotocol `header-…` wants it. */
export function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** How long to wait before try number `tries` (from 0): doubling, bounded, and never twice the same. */
export function reconnectDelay(tries, random = Math.random) {
  const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tries);
  return longest / 2 + (random() * longest) / 2;
}

/** Run a query or mutation; gives `data`. Throws GraphQLError, also for errors on HTTP 200. */
export async function query(graphqlUrl, token, document, variables, fetch = (...a) => globalThis.fetch(...a)) {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: token },
    body: JSON.stringify({ query: document, variables }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || answer.errors) {
    throw new GraphQLError(answer.errors ?? [{ message: `The API answered ${response.status}.` }]);
  }
  return answer.data;
}

/** One socket that is always on its way back. Tells `onState` {state: connecting | live | waiting | refused, ...}. */
export class RealtimeConnection {
  #options;
  #socket = null;
  #subscriptions = new Map();
  #tries = 0;
  #timer = null;
  #silence = null;
  #silenceMs = HANDSHAKE_MS;
  #closed = false;
  #nextId = 1;

  /** options: graphqlUrl, realtimeUrl?, getToken() -> Promise, onState, and for tests WebSocket, timers, random. */
  constructor(options) {
    this.#options = { WebSocket: globalThis.WebSocket, timers: globalThis, random: Math.random, ...options };
  }

  /** Subscribe now and after every reconnect. onReady is called at each start_ack. Gives a function that ends it. */
  subscribe({ document, variables, onData, onReady, onError }) {
    const key = Symbol('subscription');
    this.#subscriptions.set(key, { document, variables, onData, onReady, onError, id: null });
    if (this.#socket?.isReady) {
      void this.#start(key);
    }
    return () => {
      const { id } = this.#subscriptions.get(key) ?? {};
      this.#subscriptions.delete(key);
      if (id && this.#socket?.isReady) {
        this.#send({ type: 'stop', id });
      }
    };
  }

  /** Open the socket; also the way to try again at once. */
  async open() {
    const { timers, getToken, graphqlUrl, WebSocket } = this.#options;
    if (this.#closed || this.#socket) {
      return;
    }
    timers.clearTimeout(this.#timer);
    this.#timer = null;
    this.#tell('connecting');
    const attempt = { isReady: false, socket: null };
    this.#socket = attempt;
    let header;
    try {
      header = JSON.stringify({ host: new URL(graphqlUrl).host, Authorization: await getToken() });
    } catch (error) {
      this.#lost(attempt, { refused: !error.retriable, message: error.message });
      return;
    }
    if (this.#socket !== attempt) {
      return;
    }
    const url = this.#options.realtimeUrl || realtimeUrlOf(graphqlUrl);
    const socket = new WebSocket(url, ['graphql-ws', `header-${base64url(header)}`]);
    attempt.socket = socket;
    socket.onopen = () => this.#send({ type: 'connection_init' });
    socket.onmessage = ({ data }) => this.#receive(attempt, data);
    socket.onclose = () => this.#lost(attempt);
    this.#listen(attempt, HANDSHAKE_MS);
  }

  /** Drop the socket as a bad network would; the connection then comes back by itself. */
  cut() {
    this.#drop(this.#socket);
  }

  close() {
    this.#closed = true;
    this.#options.timers.clearTimeout(this.#timer);
    this.#drop(this.#socket);
  }

  #receive(attempt, text) {
    if (this.#socket !== attempt) {
      return;
    }
    this.#listen(attempt, this.#silenceMs);
    const frame = JSON.parse(text);
    switch (frame.type) {
      case 'connection_ack':
        this.#silenceMs = frame.payload?.connectionTimeoutMs ?? 300_000;
        this.#listen(attempt, this.#silenceMs);
        attempt.isReady = true;
        this.#tries = 0;
        this.#tell('live');
        for (const key of this.#subscriptions.keys()) {
          void this.#start(key);
        }
        break;
      case 'connection_error':
        this.#lost(attempt, { message: new GraphQLError(frame.payload?.errors).message });
        break;
      default:
        this.#deliver(frame);
    }
  }

  #deliver(frame) {
    const [key, subscription] = [...this.#subscriptions].find(([, { id }]) => id !== null && id === frame.id) ?? [];
    if (!key) {
      return;
    }
    if (frame.type === 'start_ack') {
      subscription.onReady?.();
    } else if (frame.type === 'data') {
      subscription.onData(frame.payload?.data ?? {});
    } else if (frame.type === 'error') {
      subscription.onError?.(new GraphQLError(frame.payload?.errors));
    } else if (frame.type === 'complete') {
      this.#drop(this.#socket); // ended by the service, not by us
    }
  }

  async #start(key) {
    const subscription = this.#subscriptions.get(key);
    const attempt = this.#socket;
    const { getToken, graphqlUrl } = this.#options;
    const data = JSON.stringify({ query: subscription.document, variables: subscription.variables });
    try {
      const authorization = { host: new URL(graphqlUrl).host, Authorization: await getToken() };
      if (this.#socket === attempt && attempt?.isReady && this.#subscriptions.has(key)) {
        subscription.id = `page-${this.#nextId}`;
        this.#nextId += 1;
        this.#send({ type: 'start', id: subscription.id, payload: { data, extensions: { authorization } } });
      }
    } catch (error) {
      subscription.onError?.(error);
    }
  }

  #send(frame) {
    this.#socket?.socket?.send(JSON.stringify(frame));
  }

  #listen(attempt, milliseconds) {
    const { timers } = this.#options;
    timers.clearTimeout(this.#silence);
    this.#silence = timers.setTimeout(() => this.#drop(attempt), milliseconds);
  }

  #drop(attempt) {
    const socket = attempt?.socket;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#lost(attempt);
  }

  #lost(attempt, { refused = false, message = '' } = {}) {
    if (!attempt || this.#socket !== attempt) {
      return;
    }
    const { timers, random } = this.#options;
    if (attempt.socket) {
      attempt.socket.onopen = attempt.socket.onmessage = attempt.socket.onclose = null;
      attempt.socket.close();
    }
    timers.clearTimeout(this.#silence);
    this.#socket = null;
    for (const subscription of this.#subscriptions.values()) {
      subscription.id = null;
    }
    if (this.#closed) {
      return;
    }
    if (refused) {
      this.#tell('refused', { message });
      return;
    }
    const delay = reconnectDelay(this.#tries, random);
    this.#tries += 1;
    this.#tell('waiting', { delay, message });
    this.#timer = timers.setTimeout(() => void this.open(), delay);
  }

  #tell(state, more = {}) {
    this.#options.onState({ state, ...more });
  }
}
