import type { Client, StatusbeamError } from '@statusbeam/client';

const END = 'mutation EndSessions($input: EndSessionsInput!) { endSessions(input: $input) { userId } }';

/** Whether only a new sign-in helps: the login has expired or was ended. */
export function isLoginOver(error: StatusbeamError | null): boolean {
  return error?.code === 'unauthorized' || error?.code === 'login_ended';
}

/** End all sessions and logins of this user, on every page and device. Throws StatusbeamError. */
export async function endSessions(client: Client, userId: string): Promise<void> {
  await client.query(END, { input: { userId } });
}
