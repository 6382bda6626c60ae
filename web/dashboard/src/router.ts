// The page's route, in the address's fragment: #job=<id>, #new, #tenant; any other fragment is home. Pure.

export type Route =
  | { view: 'home' }
  | { view: 'new' }
  | { view: 'tenant' }
  | { view: 'job'; jobId: string; sequence: number | null };

/** Read a fragment: '#job=a%20b&at=7'. */
export function routeOf(hash: string): Route {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const jobId = parts.get('job');
  if (jobId) {
    const at = Number(parts.get('at'));
    return { view: 'job', jobId, sequence: Number.isInteger(at) && at > 0 ? at : null };
  }
  if (parts.has('new')) {
    return { view: 'new' };
  }
  return parts.has('tenant') ? { view: 'tenant' } : { view: 'home' };
}

/** The link to a job, at a moment of it if one is given. */
export function jobLink(jobId: string, sequence: number | null = null): string {
  return `#job=${encodeURIComponent(jobId)}${sequence === null ? '' : `&at=${sequence}`}`;
}

/** The whole address of a moment of a job, to be shared. */
export const momentUrl = (jobId: string, sequence: number | null): string =>
  `${location.origin}${location.pathname}${jobLink(jobId, sequence)}`;

/** The credential in a link: #viewToken=… or #apiKey=…&user=…; null without one. */
export function keyInLink(hash: string): { viewToken: string } | { apiKey: string; userId: string } | null {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const [viewToken, apiKey, userId] = [parts.get('viewToken'), parts.get('apiKey'), parts.get('user')];
  if (viewToken) {
    return { viewToken };
  }
  return apiKey && userId ? { apiKey, userId } : null;
}

/** The fragment without keys, because users share addresses. */
export function withoutKeys(hash: string): string {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  for (const name of ['viewToken', 'apiKey', 'user']) {
    parts.delete(name);
  }
  const left = [...parts].map(([name, value]) => (value ? `${name}=${encodeURIComponent(value)}` : name)).join('&');
  return left ? `#${left}` : '';
}

/** The provider's answer in the query; null if the query has none. */
export function answerInAddress(search: string): URLSearchParams | null {
  const answer = new URLSearchParams(search);
  return answer.has('state') && (answer.has('code') || answer.has('error')) ? answer : null;
}
