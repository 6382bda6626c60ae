// Errors of a provider, in plain words and with the next step.

import * as oauth from 'oauth4webapi';
import type { RedirectSignIn } from '../config.ts';
import { SignInError } from './provider.ts';

const OWN_WORDS = 200;
const PASSING = new Set(['server_error', 'temporarily_unavailable']);
const NO_ANSWER = new Set<string>([oauth.RESPONSE_IS_NOT_CONFORM, oauth.RESPONSE_IS_NOT_JSON, oauth.PARSE_ERROR]);

/** The provider's host, as readers see it in the address bar. */
export function hostOf(config: RedirectSignIn): string {
  return config.kind === 'managedLogin' ? config.domain : new URL(config.issuer).host;
}

/** The provider's answer belongs to no sign-in of this tab: a link, an old tab, or a forgery. */
export function unknownAnswer(host: string): SignInError {
  return new SignInError(
    `This answer of ${host} belongs to no sign-in of this tab. It was used before, or the sign-in began elsewhere. Sign in again.`
  );
}

/** An error of the protocol as a SignInError; any other error unchanged. */
export function problemOf(error: unknown, host: string): unknown {
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    const message = `${refusal(error.error, host)}${ownWords(error.error_description)}`;
    return new SignInError(message, { retriable: PASSING.has(error.error), cause: error });
  }
  if (error instanceof oauth.OperationProcessingError) {
    // A response that is not the provider's, such as a gateway's page, ends no login.
    return new SignInError(invalidity(error, host), { retriable: NO_ANSWER.has(error.code ?? ''), cause: error });
  }
  if (error instanceof oauth.UnsupportedOperationError) {
    return new SignInError(`${host} does what this page does not support: ${error.message}.`, { cause: error });
  }
  return error;
}

function refusal(code: string, host: string): string {
  switch (code) {
    case 'access_denied':
      return `${host} did not let you in. Use another account, or ask for access.`;
    case 'login_required':
    case 'interaction_required':
    case 'consent_required':
    case 'account_selection_required':
      return `${host} has a question for you first. Sign in again.`;
    case 'server_error':
    case 'temporarily_unavailable':
      return `${host} can sign nobody in at the moment. Try again in a few minutes.`;
    case 'invalid_grant':
      return 'Your sign-in took too long or has ended. Sign in again.';
    case 'invalid_client':
    case 'unauthorized_client':
      return `${host} does not accept this page. Its operator must register it as a public client with PKCE.`;
    default:
      return `${host} refused the request of this page (${code}). Tell the page's operator.`;
  }
}

function invalidity(error: oauth.OperationProcessingError, host: string): string {
  switch (error.code) {
    case oauth.JWT_TIMESTAMP_CHECK:
      return `The clocks of this device and of ${host} differ. Set the clock of this device, then sign in again.`;
    case oauth.HTTP_REQUEST_FORBIDDEN:
      return `${host} has an address without encryption, which this page does not use. Tell the page's operator.`;
    case oauth.JSON_ATTRIBUTE_COMPARISON:
      return `${host} calls itself by another name than this page expects. Tell the page's operator.`;
    default:
      return `The answer of ${host} is not valid: ${error.message}. Sign in again, or tell the page's operator.`;
  }
}

/** The provider's own message, in quotation marks. */
function ownWords(text: string | undefined): string {
  return text ? ` It says: “${text.slice(0, OWN_WORDS)}”` : '';
}
