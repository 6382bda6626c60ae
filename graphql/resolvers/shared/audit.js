import { util } from '@aws-appsync/utils';

// The audit trail of operations on other users' jobs and sessions. docs/how-to/operations.md has the query for it.
// AppSync writes console.log to the API's log group at level INFO. The values are URL-encoded, so an id cannot forge a line.
/** @param {{ tenantId: string, owner?: string, jobId?: string }} whom */
export function audit(action, caller, whom) {
  const values = [caller.watcherId, whom.tenantId, whom.owner ?? '', whom.jobId ?? ''];
  const [by, tenant, whose, job] = values.map((text) => util.urlEncode(text));
  console.log(`audit=<${action}>, by=<${by}>, tenant=<${tenant}>, owner=<${whose}>, job=<${job}>`);
}
