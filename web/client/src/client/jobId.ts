// Checks the job ids of callers, because one invalid id would fail a request for many jobs.

import { StatusbeamError } from '../errors.ts';

/** 1 to 128 printable characters on one line, as the publisher accepts them. */
const JOB_ID = /^(?: |[^\p{Cc}\p{Cf}\p{Cs}\p{Z}]){1,128}$/u;

/** The job id as text; a number is its digits. Throws StatusbeamError. */
export function checkedJobId(jobId: unknown): string {
  const text = typeof jobId === 'number' ? String(jobId) : jobId;
  if (typeof text !== 'string' || !JOB_ID.test(text)) {
    throw new StatusbeamError('bad_request', 'jobId must be 1 to 128 printable characters on one line.');
  }
  return text;
}
