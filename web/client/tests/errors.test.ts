import assert from 'node:assert/strict';
import test from 'node:test';

import { errorOf } from '../src/errors.ts';

test('the code of an error follows from its type and the status of the answer', () => {
  const cases: [errorType: string | undefined, status: number, code: string][] = [
    ['UnauthorizedException', 200, 'unauthorized'],
    ['UnauthorizedException', 401, 'unauthorized'],
    ['com.amazonaws.deepdish.graphql.auth#UnauthorizedException', 400, 'unauthorized'],
    ['NotAuthorizedException', 400, 'unauthorized'],
    [undefined, 401, 'unauthorized'],
    ['Unauthorized', 401, 'unauthorized'],
    ['Unauthorized', 200, 'forbidden'], // one field that this login may not read
    ['LoginEnded', 200, 'login_ended'],
    ['Forbidden', 200, 'forbidden'],
    ['BadRequest', 200, 'bad_request'],
    ['TooManyAgents', 200, 'bad_request'],
    ['NotWaiting', 200, 'bad_request'],
    ['WAFForbiddenException', 403, 'limited'],
    [undefined, 500, 'unavailable'],
  ];
  for (const [errorType, status, code] of cases) {
    assert.equal(errorOf([{ errorType, message: 'No.' }], 'No.', status).code, code, `${errorType} ${status}`);
  }
});
