// Starts the demo's jobs. The routes exist on localcloud only.

export type Token = () => Promise<string>;

export const startComplaint = (token: Token, complaint: string, failAgent: string | null): Promise<string> =>
  start('/demo/jobs', token, { complaint, failAgent });

export const startStreetFair = (token: Token): Promise<string> => start('/demo/street-fairs', token, {});

/** The id of the job. Throws an Error with the server's reason. */
async function start(path: string, token: Token, body: object): Promise<string> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: await token() },
    body: JSON.stringify(body),
  });
  const answer = (await response.json().catch(() => ({}))) as { jobId?: string; errors?: { message?: string }[] };
  if (!response.ok || !answer.jobId) {
    throw new Error(answer.errors?.[0]?.message ?? `The server answered ${response.status}.`);
  }
  return answer.jobId;
}
