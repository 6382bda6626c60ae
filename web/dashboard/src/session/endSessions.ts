import type { Client, StatusbeamError } from '@statusbeam/client';

const END = 'mutation EndSessions($input: EndSessionsInput!) { endSessions(input: $input) { userId } }';

/** Whether an error says that the login counts no longer: it ran out, or somebody ended it. */
export function isOver(error: StatusbeamError | null): boolean {
  return error?.code === 'unauthorized' || (error?.code === 'forbidden' && error.message.includes('login was ended'));
}

/** End what this user watches and is signed in to, on every page and device. Throws StatusbeamError. */
export async function endSessions(client: Client, userId: string): Promise<void> {
  await client.query(END, { input: { userId } });
}
