"""Faults that show before a status is sent: clock, credentials, region, stack, tables and reader.

Each check looks at facts and gives a finding, or None.
"""

from __future__ import annotations

from typing import Final

from .facts import Facts, Failure, ReaderFacts, StackFacts, TableFacts
from .findings import Finding, Kind, denied_secret, is_denied_secret, throttled_table

CLOCK_SECONDS: Final = 60
"""The tolerated difference of clocks. A token issued by such a clock is accepted within this time."""

_NO_CREDENTIALS: Final = frozenset(
    (
        "CredentialRetrievalError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "SSOError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    )
)
_EXPIRED: Final = frozenset(("ExpiredToken", "ExpiredTokenException", "RequestExpired"))
_WRONG: Final = frozenset(
    (
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    )
)
_NO_REGION: Final = frozenset(("NoRegionError", "InvalidRegionError"))
_MISSING: Final = "ResourceNotFoundException"


def clock(facts: Facts) -> Finding | None:
    """This machine's clock differs from the clock of AWS or of the API."""
    named = (("AWS", facts.clock_ahead), ("the API", facts.api_clock_ahead))
    for whose, ahead in named:
        if ahead is not None and abs(ahead) > CLOCK_SECONDS:
            direction = "ahead of" if ahead > 0 else "behind"
            return Finding(
                "clock",
                Kind.BROKEN,
                f"The clock of this machine is {_duration(abs(ahead))} {direction} the clock of {whose}: "
                "AWS rejects its signatures and tokens, and the times it reports are wrong.",
                "Turn on the time synchronization of this machine (NTP), for example with "
                "`timedatectl set-ntp true`.",
            )
    return None


def stack(facts: Facts) -> Finding | None:
    """The credentials, the region or the stack's name are wrong."""
    found = facts.stack
    if found is None:
        return None
    if found.failure is not None:
        return _credentials(found.failure) or _region(found, found.failure) or _missing_stack(found)
    if not found.is_status_stack:
        return Finding(
            "wrong_stack",
            Kind.NOT_FOUND,
            f"The stack {found.name} is not a status stack: it has no output GraphqlUrl.",
            _name_another(found),
        )
    return None


def _credentials(failure: Failure) -> Finding | None:
    if failure.code in _NO_CREDENTIALS:
        return Finding(
            "no_credentials",
            Kind.NOT_ALLOWED,
            "This machine has no AWS credentials.",
            "Sign in with `aws sso login`, run `aws configure`, or name a profile that has credentials with "
            "--profile.",
        )
    if failure.code == "ProfileNotFound":
        return Finding(
            "no_profile",
            Kind.WRONG_CALL,
            f"The AWS profile does not exist: {failure.message}",
            "List the profiles with `aws configure list-profiles`, and name one with --profile.",
        )
    if failure.code in _EXPIRED:
        return Finding(
            "credentials_expired",
            Kind.NOT_ALLOWED,
            "The AWS credentials have expired.",
            "Sign in again, for example with `aws sso login`.",
        )
    if failure.code in _WRONG:
        return Finding(
            "credentials_wrong",
            Kind.NOT_ALLOWED,
            f"AWS does not accept the credentials ({failure.code}).",
            "See with `aws sts get-caller-identity` which ones are used, or name a profile with --profile.",
        )
    return None


def _region(found: StackFacts, failure: Failure) -> Finding | None:
    if failure.code in _NO_REGION:
        return Finding(
            "no_region",
            Kind.WRONG_CALL,
            "No AWS region is set.",
            "Name the region of the stack with --region, for example --region eu-west-1.",
        )
    if found.known_regions and found.region not in found.known_regions:
        return Finding(
            "wrong_region",
            Kind.WRONG_CALL,
            f"AWS has no region {found.region}.",
            "Name the region of the stack with --region, for example --region eu-west-1.",
        )
    if found.found_in:
        return Finding(
            "wrong_region",
            Kind.NOT_FOUND,
            f"The stack {found.name} is not in the region {found.region}, but in {_list(found.found_in)}.",
            f"Call the command with --region {found.found_in[0]}, or set the region of the context.",
        )
    return None


def _missing_stack(found: StackFacts) -> Finding:
    failure = found.failure or Failure("", "")
    if failure.is_denied:
        return Finding(
            "stack_denied",
            Kind.NOT_ALLOWED,
            f"The AWS credentials may not read the stack {found.name}.",
            "Grant cloudformation:DescribeStacks on the stack, or name another profile with --profile.",
        )
    if "does not exist" in failure.message:
        return Finding(
            "wrong_stack",
            Kind.NOT_FOUND,
            f"This account has no stack {found.name}, neither in {found.region} nor in another region.",
            _name_another(found),
        )
    return Finding(
        "aws_unreachable",
        Kind.OUT_OF_REACH,
        f"AWS does not answer in the region {found.region}: {failure.message}",
        "Check the network, the proxy and --region.",
    )


def _name_another(found: StackFacts) -> str:
    if found.others:
        return f"Name the status stack with --stack. The region has {_list(found.others)}."
    return "Name the status stack with --stack, as `cdk deploy` prints it, or another account with --profile."


def tables(facts: Facts) -> Finding | None:
    """A table does not answer."""
    return next((found for table in facts.tables if (found := _table(table))), None)


def _table(table: TableFacts) -> Finding | None:
    failure = table.failure
    if failure is None or failure.is_denied:  # the caller may not read it; the publisher may
        return None
    if failure.code == _MISSING:
        return Finding(
            "table_gone",
            Kind.NOT_FOUND,
            f"The table of the {table.purpose} does not exist: {table.name}.",
            "Deploy the stack again. If the table held jobs, restore it from a backup.",
        )
    if failure.is_throttled:
        return throttled_table(table.purpose)
    return Finding(
        "table_unreachable",
        Kind.OUT_OF_REACH,
        f"The table of the {table.purpose} does not answer: {failure.message}",
        "Check the AWS Health Dashboard for DynamoDB, then call doctor again.",
    )


def reader(facts: Facts) -> Finding | None:
    """The API does not answer the user."""
    found = facts.reader
    if found is None or found.failure is None:
        return None
    return _login(facts, found, found.failure) or _api(found.failure)


def _login(facts: Facts, found: ReaderFacts, failure: Failure) -> Finding | None:
    if failure.code in ("LoginEnded", "NotAuthorizedException"):
        return Finding(
            "login_ended",
            Kind.NOT_ALLOWED,
            f"The login of {found.user or 'the user'} has ended.",
            "Sign in again with `statusbeam login`.",
        )
    if is_denied_secret(failure):
        return denied_secret()
    if failure.code != "TokenRefusedError":
        return None
    expires = found.token_expires_at
    if expires is not None and expires <= facts.now:
        return Finding(
            "token_expired",
            Kind.NOT_ALLOWED,
            f"The token ({found.how}) expired {_duration(facts.now - expires)} ago.",
            "Sign in again with `statusbeam login`, or put a new token into STATUSBEAM_TOKEN.",
        )
    return Finding(
        "token_refused",
        Kind.NOT_ALLOWED,
        f"The API does not accept the token ({found.how}): another deployment issued it, or it was changed.",
        "Get a token of this deployment with `statusbeam login` or `statusbeam token`.",
    )


def _api(failure: Failure) -> Finding:
    if failure.is_denied or failure.code == "RefusedError":
        return Finding(
            "api_refused",
            Kind.NOT_ALLOWED,
            f"The API refuses the user: {failure.message}",
            "Look for this refusal in the API's log group, and check the rules of the API's firewall.",
        )
    if failure.is_throttled:
        return Finding(
            "api_throttled",
            Kind.OUT_OF_REACH,
            f"The API throttles requests: {failure.message}",
            "Raise the quota of the API's request tokens in Service Quotas.",
        )
    return Finding(
        "api_unreachable",
        Kind.OUT_OF_REACH,
        f"The API fails or does not answer: {failure.message}",
        "Check the network and the output GraphqlUrl, then the API's log group.",
    )


def api_key(facts: Facts) -> Finding | None:
    """The API refuses clients with the API key."""
    found = facts.api_key
    if found is None:
        return None
    is_over = found.expires_at is not None and found.expires_at <= facts.now
    if not is_over and (found.failure is None or found.failure.code != "TokenRefusedError"):
        return None
    expired = "has expired"
    if found.expires_at is not None and is_over:
        expired = f"expired {_duration(facts.now - found.expires_at)} ago"
    return Finding(
        "api_key_expired",
        Kind.NOT_ALLOWED,
        f"The API key of the stack {expired}: the API refuses clients that use it.",
        "Deploy again with a later api_key_expires, and give the clients the new output ApiKey.",
    )


def _duration(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)
