// The ids of jobs, checked where a caller names one: one id that the service refuses must not fail the others' requests.

import { StatusbeamError } from '../errors.ts';

/** 1 to 128 characters, printable and on one line, as the publisher takes them. */
const JOB_ID = /^(?: |[^\p{Cc}\p{Cf}\p{Cs}\p{Z}]){1,128}$/u;

/** The job id as text; a number is its digits. Throws StatusbeamError. */
export function checkedJobId(jobId: unknown): string {
  const text = typeof jobId === 'number' ? String(jobId) : jobId;
  if (typeof text !== 'string' || !JOB_ID.test(text)) {
    throw new StatusbeamError('bad_request', 'jobId must be 1 to 128 printable characters on one line.');
  }
  return text;
}
