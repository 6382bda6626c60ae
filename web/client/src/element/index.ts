// <job-status>: one job, live, in any page. One script tag defines it:
//
//     <script type="module" src="job-status.js"></script>
//     <job-status url="https://…/graphql" api-key="da2-…" user-id="ana" job-id="job-1">Water main on Valencia Street</job-status>
//     <job-status url="https://…/graphql" token-callback="viewToken" job-id="job-1"></job-status>      window.viewToken() gives a token
//
// The slot is its title. Style sheets can use its attributes `state` (overallStatus) and `verdict`. It sends `statuschange`
// (detail: JobState) at each change. With `element.client`, it uses an existing client; `element.labels` replaces its
// labels.

import { type Client, connect } from '../client/client.ts';
import type { Auth, TokenSource } from '../client/credentials.ts';
import type { Watch } from '../client/store.ts';
import type { JobState } from '../client/watchedJob.ts';
import { LABELS, type Labels } from './labels.ts';
import { JobStatusView } from './view.ts';

const ATTRIBUTES = ['url', 'realtime-url', 'api-key', 'user-id', 'token-callback', 'job-id'] as const;
/** The least time between two announcements to screen readers. */
const ANNOUNCE_MS = 3_000;

/** Elements with the same attributes share a client. */
const shared = new Map<string, { client: Client; users: number }>();

// Without a DOM, as in server-side rendering, an import has no effect.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class JobStatusElement extends Base {
  static readonly observedAttributes = ATTRIBUTES;
  #view: JobStatusView | null = null;
  #watch: Watch<JobState> | null = null;
  #release: (() => void) | null = null;
  #client: Client | null = null;
  #labels: Labels = LABELS;
  #announceTimer: ReturnType<typeof setTimeout> | null = null;
  #isScheduled = false;

  connectedCallback(): void {
    // Properties that a page set before the definition of this class are on the element itself, and hide the setters.
    for (const name of ['client', 'labels'] as const) {
      if (Object.hasOwn(this, name)) {
        const value: unknown = this[name];
        delete (this as Partial<typeof this>)[name];
        Object.assign(this, { [name]: value });
      }
    }
    this.#view ??= new JobStatusView(this.attachShadow({ mode: 'open' }));
    this.#open();
  }

  disconnectedCallback(): void {
    this.#close();
  }

  attributeChangedCallback(): void {
    // Attributes mostly change together, so they cause one restart.
    if (this.#view !== null && !this.#isScheduled) {
      this.#isScheduled = true;
      queueMicrotask(() => {
        this.#isScheduled = false;
        this.#close();
        this.#open();
      });
    }
  }

  /** The client to use instead of one of its own. */
  get client(): Client | null {
    return this.#client;
  }

  set client(client: Client | null) {
    this.#client = client;
    this.attributeChangedCallback();
  }

  /** Its labels. Missing ones stay English. */
  get labels(): Partial<Labels> {
    return this.#labels;
  }

  set labels(labels: Partial<Labels>) {
    this.#labels = { ...LABELS, ...labels };
    this.#show();
  }

  /** The state that it shows; null while it watches no job. */
  get state(): JobState | null {
    return this.#watch?.getState() ?? null;
  }

  #open(): void {
    const jobId = this.getAttribute('job-id');
    const client = this.#client ?? this.#own();
    if (!this.isConnected || !jobId || client === null) {
      return;
    }
    const watch = client.watchJob(jobId);
    watch.subscribe(() => this.#show());
    this.#watch = watch;
    this.#show();
  }

  #close(): void {
    this.#watch?.close();
    this.#watch = null;
    this.#release?.();
    this.#release = null;
    if (this.#announceTimer !== null) {
      clearTimeout(this.#announceTimer);
      this.#announceTimer = null;
    }
  }

  #show(): void {
    const state = this.state;
    if (state === null || this.#view === null) {
      return;
    }
    this.#view.show(state, this.#labels);
    // For the page's own style sheet: job-status[verdict='behind'] …
    this.setAttribute('verdict', state.verdict);
    this.setAttribute('state', state.job.overallStatus);
    this.#announceTimer ??= setTimeout(() => {
      this.#announceTimer = null;
      if (this.state !== null) {
        this.#view?.announce(this.state, this.#labels);
      }
    }, ANNOUNCE_MS);
    this.dispatchEvent(new CustomEvent('statuschange', { detail: state, bubbles: true, composed: true }));
  }

  #own(): Client | null {
    const [url, realtimeUrl, key, userId, callback] = ATTRIBUTES.map((name) => this.getAttribute(name));
    const auth = authOf(key, userId, callback);
    if (!url || auth === null) {
      return null;
    }
    const name = JSON.stringify([url, realtimeUrl, key, userId, callback]);
    let known = shared.get(name);
    if (known === undefined) {
      known = { client: connect({ url, auth, ...(realtimeUrl ? { realtimeUrl } : {}) }), users: 0 };
      shared.set(name, known);
    }
    const { client } = known;
    known.users += 1;
    this.#release = () => {
      const held = shared.get(name);
      if (held !== undefined) {
        held.users -= 1;
        if (held.users === 0) {
          shared.delete(name);
          client.close();
        }
      }
    };
    return client;
  }
}

function authOf(
  key: string | null | undefined,
  userId: string | null | undefined,
  callback: string | null | undefined
): Auth | null {
  if (key && userId) {
    return { type: 'apiKey', key, userId };
  }
  if (!callback) {
    return null;
  }
  // Looked up at each call: the page may define it later than this element.
  const token: TokenSource = (why) => {
    const source = (globalThis as unknown as Record<string, TokenSource | undefined>)[callback];
    if (typeof source !== 'function') {
      throw new TypeError(`token-callback names no function: window.${callback} is ${typeof source}.`);
    }
    return source(why);
  };
  return { type: 'viewToken', token };
}

if (globalThis.customElements && globalThis.customElements.get('job-status') === undefined) {
  globalThis.customElements.define('job-status', JobStatusElement);
}

export type { Labels } from './labels.ts';
