"""Each fault has its own finding. Of several faults, the first one on the way is named."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from statusbeam.client.doctor.diagnosis import CHECKS, diagnose
from statusbeam.client.doctor.facts import ApiKeyFacts, Facts, Failure, JobFacts, NamedJobFacts
from statusbeam.client.doctor.findings import Kind
from tests.unit.statusbeam.client.doctor import facts_samples as f

GONE = Failure("ResourceNotFoundException", "not found")
NO_QUEUE = Failure("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist")
NO_STACK = Failure("ValidationError", "Stack with id Dev-Status does not exist")
THROTTLED = "(ProvisionedThroughputExceededException) when calling the TransactWriteItems operation"
FOR_ANA = JobFacts(job_id="job-1", owner="ana", began_at="2026-11-20T07:00:00.000Z", owner_in_pool=False)


def refused_token(**more: Any) -> Facts:
    return f.well(reader=f.reader(failure=Failure("TokenRefusedError", "no"), **more))


FAULTS: dict[str, tuple[Facts, str, Kind, str]] = {
    # facts, code, kind, and what the problem or the cure says
    "ten minutes ahead": (
        f.well(clock_ahead=600.2),
        "clock",
        Kind.BROKEN,
        "10 minutes ahead of the clock of AWS",
    ),
    "ten minutes behind": (f.well(clock_ahead=-600.0), "clock", Kind.BROKEN, "10 minutes behind"),
    "the API's clock": (f.well(api_clock_ahead=-600.0), "clock", Kind.BROKEN, "behind the clock of the API"),
    **{
        code: (
            f.well(stack=f.stack(failure=Failure(code, "x"))),
            "no_credentials",
            Kind.NOT_ALLOWED,
            "aws sso login",
        )
        for code in ("NoCredentialsError", "UnauthorizedSSOTokenError", "PartialCredentialsError")
    },
    "no such profile": (
        f.well(stack=f.stack(failure=Failure("ProfileNotFound", "work"))),
        "no_profile",
        Kind.WRONG_CALL,
        "--profile",
    ),
    "expired credentials": (
        f.well(stack=f.stack(failure=Failure("ExpiredTokenException", "x"))),
        "credentials_expired",
        Kind.NOT_ALLOWED,
        "expired",
    ),
    "wrong credentials": (
        f.well(stack=f.stack(failure=Failure("InvalidClientTokenId", "x"))),
        "credentials_wrong",
        Kind.NOT_ALLOWED,
        "get-caller-identity",
    ),
    "no region": (
        f.well(stack=f.stack(region=None, failure=Failure("NoRegionError", "x"))),
        "no_region",
        Kind.WRONG_CALL,
        "--region",
    ),
    "a misspelt region": (
        f.well(
            stack=f.stack(
                region="eu-wst-1",
                known_regions=("eu-west-1",),
                failure=Failure("EndpointConnectionError", "x"),
            )
        ),
        "wrong_region",
        Kind.WRONG_CALL,
        "no region eu-wst-1",
    ),
    "the stack is in another region": (
        f.well(stack=f.stack(failure=NO_STACK, found_in=("us-east-1",))),
        "wrong_region",
        Kind.NOT_FOUND,
        "--region us-east-1",
    ),
    "no such stack": (
        f.well(stack=f.stack(failure=NO_STACK, others=("Prod-Status",))),
        "wrong_stack",
        Kind.NOT_FOUND,
        "Prod-Status",
    ),
    "another kind of stack": (
        f.well(stack=f.stack(name="Dev-Web", is_status_stack=False)),
        "wrong_stack",
        Kind.NOT_FOUND,
        "not a status stack",
    ),
    "the stack may not be read": (
        f.well(stack=f.stack(failure=f.DENIED)),
        "stack_denied",
        Kind.NOT_ALLOWED,
        "cloudformation:DescribeStacks",
    ),
    "no network": (
        f.well(stack=f.stack(failure=Failure("ConnectTimeoutError", "timed out"))),
        "aws_unreachable",
        Kind.OUT_OF_REACH,
        "timed out",
    ),
    "a table is throttled for readers": (
        f.well(tables=f.tables(Failure("ThrottlingException", "x"))),
        "table_throttled",
        Kind.OUT_OF_REACH,
        "throttles the table of the statuses",
    ),
    "a table is gone": (f.well(tables=f.tables(GONE)), "table_gone", Kind.NOT_FOUND, "statuses"),
    "a table does not answer": (
        f.well(tables=f.tables(Failure("ReadTimeoutError", "x"))),
        "table_unreachable",
        Kind.OUT_OF_REACH,
        "DynamoDB",
    ),
    "an expired token": (
        refused_token(token_expires_at=f.NOW - 7200),
        "token_expired",
        Kind.NOT_ALLOWED,
        "(STATUSBEAM_TOKEN) expired 2 hours ago",
    ),
    "a token of elsewhere": (
        refused_token(token_expires_at=f.NOW + 60),
        "token_refused",
        Kind.NOT_ALLOWED,
        "another deployment issued it",
    ),
    "a token without an end": (refused_token(), "token_refused", Kind.NOT_ALLOWED, "does not accept"),
    "a login that was ended": (
        f.well(reader=f.reader(failure=Failure("LoginEnded", "x"))),
        "login_ended",
        Kind.NOT_ALLOWED,
        "statusbeam login",
    ),
    "a login that is not renewed": (
        f.well(reader=f.reader(user=None, failure=Failure("NotAuthorizedException", "x"))),
        "login_ended",
        Kind.NOT_ALLOWED,
        "The login of the user",
    ),
    "the secret may not be read": (
        f.well(reader=f.reader(failure=Failure("NoSecret", "x"))),
        "secret_denied",
        Kind.NOT_ALLOWED,
        "secretsmanager:GetSecretValue",
    ),
    "a firewall": (
        f.well(reader=f.reader(failure=Failure("RefusedError", "the API refused: status 403"))),
        "api_refused",
        Kind.NOT_ALLOWED,
        "firewall",
    ),
    "too many requests": (
        f.well(reader=f.reader(failure=Failure("UnreachableError", "Throttled"))),
        "api_throttled",
        Kind.OUT_OF_REACH,
        "Service Quotas",
    ),
    "no API": (
        f.well(reader=f.reader(failure=Failure("UnreachableError", "did not answer"))),
        "api_unreachable",
        Kind.OUT_OF_REACH,
        "GraphqlUrl",
    ),
    "an expired API key": (
        f.well(api_key=ApiKeyFacts(expires_at=f.NOW - 86_400)),
        "api_key_expired",
        Kind.NOT_ALLOWED,
        "expired 1 day ago",
    ),
    "an API key that is refused": (
        f.well(api_key=ApiKeyFacts(failure=Failure("TokenRefusedError", "x"))),
        "api_key_expired",
        Kind.NOT_ALLOWED,
        "api_key_expires",
    ),
    "no publisher": (
        f.well(publisher=f.publisher(failure=GONE)),
        "publisher_gone",
        Kind.NOT_FOUND,
        "Publisher",
    ),
    "a publisher that may not run": (
        f.well(publisher=f.publisher(reserved_concurrency=0)),
        "publisher_stopped",
        Kind.OUT_OF_REACH,
        "delete-function-concurrency --function-name Publisher",
    ),
    "a publisher that failed": (
        f.well(publisher=f.publisher(state="Failed", state_reason="no image")),
        "publisher_stopped",
        Kind.OUT_OF_REACH,
        "Failed: no image",
    ),
    **{
        f"no {name}": (
            f.well(
                publisher=f.publisher(
                    variables={key: value for key, value in f.SETTINGS.to_env().items() if key != name}
                )
            ),
            "publisher_setting",
            Kind.BROKEN,
            f"{name} is not set",
        )
        for name in ("APPSYNC_API_URL", "APPSYNC_API_ID", "USER_SESSIONS_TABLE", "STATUS_TABLE")
    },
    "a variable with the value of another stack": (
        f.well(publisher=f.publisher(variables={**f.SETTINGS.to_env(), "STATUS_TABLE": "theirs"})),
        "publisher_setting",
        Kind.BROKEN,
        "STATUS_TABLE is 'theirs', but the stack has 'statuses'",
    ),
    "no queue": (f.well(queue=f.queue(failure=NO_QUEUE)), "queue_gone", Kind.NOT_FOUND, "redrive-log"),
    "a queue that is paused": (
        f.well(queue=f.queue(feed="off")),
        "queue_not_delivered",
        Kind.BROKEN,
        "--enabled",
    ),
    "a queue without a mapping": (
        f.well(queue=f.queue(feed="none")),
        "queue_not_delivered",
        Kind.BROKEN,
        "is gone",
    ),
    "no WebSockets": (
        f.well(probe=f.probe(connect_failure=Failure("Timeout", "no answer in 20 s"), measures=None)),
        "realtime_unreachable",
        Kind.OUT_OF_REACH,
        "wss",
    ),
    "view tokens are refused": (
        f.well(probe=f.probe(connect_failure=Failure("TokenRefusedError", "x"), measures=None)),
        "view_tokens_refused",
        Kind.BROKEN,
        "authorizer",
    ),
    "the probe's secret may not be read": (
        f.well(probe=f.probe(connect_failure=f.DENIED, measures=None)),
        "secret_denied",
        Kind.NOT_ALLOWED,
        "GetSecretValue",
    ),
    "no function behind the output": (
        f.well(probe=f.answered(failure=GONE)),
        "publisher_gone",
        Kind.NOT_FOUND,
        "output PublisherFunctionArn does not exist",
    ),
    "no concurrency is left": (
        f.well(probe=f.answered(failure=Failure("TooManyRequestsException", "Rate Exceeded"))),
        "publisher_throttled",
        Kind.OUT_OF_REACH,
        "reserved_concurrency",
    ),
    "a publisher that cannot be invoked": (
        f.well(probe=f.answered(failure=Failure("ServiceException", "x"))),
        "publisher_dead",
        Kind.OUT_OF_REACH,
        "ServiceException",
    ),
    "a publisher that does not import": (
        f.well(probe=f.raised("Runtime.ImportModuleError", "No module named x\nmore")),
        "publisher_dead",
        Kind.OUT_OF_REACH,
        "No module named x",
    ),
    "a setting that only the function sees": (
        f.well(probe=f.raised("SettingError", "STATUS_TABLE is not set")),
        "publisher_setting",
        Kind.BROKEN,
        "STATUS_TABLE is not set",
    ),
    "no grant on the mutation": (
        f.well(probe=f.raised("BroadcastError", "HTTP 401: You are not authorized")),
        "push_denied",
        Kind.NOT_ALLOWED,
        "appsync:GraphQL on Mutation.publishStatus",
    ),
    "pushes that AppSync does not take": (
        f.well(probe=f.raised("BroadcastError", "HTTP 500: x")),
        "push_failed",
        Kind.OUT_OF_REACH,
        "APPSYNC_API_URL",
    ),
    "a table that is throttled for the publisher": (
        f.well(probe=f.raised("JournalError", THROTTLED)),
        "table_throttled",
        Kind.OUT_OF_REACH,
        "table of the statuses",
    ),
    "sessions that are throttled for the publisher": (
        f.well(probe=f.raised("SessionStoreError", "ThrottlingException")),
        "table_throttled",
        Kind.OUT_OF_REACH,
        "table of the sessions",
    ),
    "no grant on the table": (
        f.well(probe=f.raised("JournalError", "AccessDeniedException: not authorized")),
        "table_denied",
        Kind.NOT_ALLOWED,
        "may not use",
    ),
    "no table behind the publisher": (
        f.well(probe=f.raised("JournalError", "ResourceNotFoundException")),
        "table_gone",
        Kind.NOT_FOUND,
        "statuses",
    ),
    "a table that does not answer the publisher": (
        f.well(probe=f.raised("JournalError", "Read timeout")),
        "table_unreachable",
        Kind.OUT_OF_REACH,
        "Read timeout",
    ),
    "no grant on the mutation, of an emulated function": (
        f.well(
            probe=f.raised("Runtime.HandlerError", "Not Authorized to access publishStatus on type Mutation")
        ),
        "push_denied",
        Kind.NOT_ALLOWED,
        "appsync:GraphQL on Mutation.publishStatus",
    ),
    "a table that is throttled for an emulated function": (
        f.well(probe=f.raised("Runtime.HandlerError", THROTTLED)),
        "table_throttled",
        Kind.OUT_OF_REACH,
        "table of the statuses",
    ),
    "sessions that are throttled for an emulated function": (
        f.well(
            probe=f.raised("Runtime.HandlerError", "(ThrottlingException) when calling the Query operation")
        ),
        "table_throttled",
        Kind.OUT_OF_REACH,
        "table of the sessions",
    ),
    "an emulated function that fails otherwise": (
        f.well(probe=f.raised("Runtime.HandlerError", "the worker died")),
        "publisher_dead",
        Kind.OUT_OF_REACH,
        "the worker died",
    ),
    "another version of statuses": (
        f.well(probe=f.answered(rejected="status: x")),
        "status_rejected",
        Kind.BROKEN,
        "version",
    ),
    "sessions that the publisher does not see": (
        f.well(probe=f.answered(pushed=0)),
        "session_unseen",
        Kind.BROKEN,
        "USER_SESSIONS_TABLE",
    ),
    "a queue that vanished": (
        f.well(probe=f.probe(send_failure=NO_QUEUE, measures=None)),
        "queue_gone",
        Kind.NOT_FOUND,
        "cdk deploy",
    ),
    "a function that vanished": (
        f.well(probe=f.probe(transport="invoke", send_failure=GONE, measures=None)),
        "publisher_gone",
        Kind.NOT_FOUND,
        "cdk deploy",
    ),
    "no grant on the queue": (
        f.well(probe=f.probe(send_failure=f.DENIED, measures=None)),
        "send_denied",
        Kind.NOT_ALLOWED,
        "sqs:SendMessage",
    ),
    "no grant on the function": (
        f.well(probe=f.probe(transport="invoke", send_failure=f.DENIED, measures=None)),
        "send_denied",
        Kind.NOT_ALLOWED,
        "lambda:InvokeFunction",
    ),
    "a queue that takes nothing": (
        f.well(probe=f.probe(send_failure=Failure("ConnectTimeoutError", "x"), measures=None)),
        "send_failed",
        Kind.OUT_OF_REACH,
        "SQS",
    ),
    "statuses that wait": (
        f.well(probe=f.probe(measures=f.measures(committed=4, pushed=4, received=4))),
        "not_committed",
        Kind.OUT_OF_REACH,
        "26 of 30",
    ),
    "statuses that are lost": (
        f.well(probe=f.probe(measures=f.measures(received=29, lost=1))),
        "statuses_lost",
        Kind.LOST,
        "1 of 30",
    ),
    "no push at all": (
        f.well(probe=f.probe(measures=f.measures(pushed=0, recovered=30))),
        "no_pushes",
        Kind.BROKEN,
        "reads every status from the log",
    ),
    "a named job of somebody else": (
        f.well(named_job=NamedJobFacts(job_id="job-1", owner="ana")),
        "nobodys_user_id",
        Kind.NOT_FOUND,
        "for the user `ana`",
    ),
    "a named job without a status": (
        f.well(named_job=NamedJobFacts(job_id="job-1", owner=None)),
        "job_unknown",
        Kind.NOT_FOUND,
        "undelivered",
    ),
    "a name instead of an id": (
        f.well(other_jobs=(replace(FOR_ANA, id_of_name="sub-9", is_watched=True),)),
        "nobodys_user_id",
        Kind.NOT_FOUND,
        'user_id="sub-9"',
    ),
    "an id that no user of the pool has": (
        f.well(other_jobs=(FOR_ANA,)),
        "nobodys_user_id",
        Kind.NOT_FOUND,
        'user_id="sub-1"',
    ),
    "an id of nobody who is connected, without a pool": (
        f.well(reader=f.reader(is_in_user_pool=None), other_jobs=(replace(FOR_ANA, owner_in_pool=None),)),
        "nobodys_user_id",
        Kind.NOT_FOUND,
        "`ana`",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_cure(fault: str) -> None:
    facts, code, kind, words = FAULTS[fault]
    finding = diagnose(facts)
    assert finding is not None
    assert (finding.code, finding.kind) == (code, kind)
    assert words in f"{finding.problem}\n{finding.cure}"


@pytest.mark.parametrize("fault", FAULTS)
def test_problem_and_cure_are_one_line_each(fault: str) -> None:
    finding = diagnose(FAULTS[fault][0])
    assert finding is not None
    assert "\n" not in finding.problem + finding.cure


WELL = {
    "all is well": f.well(),
    "nothing is known yet": Facts(now=f.NOW),
    "a clock that is a minute off": f.well(clock_ahead=-59.0, api_clock_ahead=59.0),
    "tables that the caller may not read": f.well(tables=f.tables(f.DENIED)),
    "a publisher that the caller may not see": f.well(
        publisher=f.publisher(failure=f.DENIED, variables=None)
    ),
    "a queue that the caller may not see": f.well(queue=f.queue(failure=f.DENIED, feed=None)),
    "a publisher that the caller may not invoke": f.well(probe=f.answered(failure=f.DENIED)),
    "an API key that could not be tried": f.well(
        api_key=ApiKeyFacts(expires_at=f.NOW + 1, failure=Failure("UnreachableError", "x"))
    ),
    "lost pushes whose statuses were recovered": f.well(
        probe=f.probe(measures=f.measures(pushed=28, recovered=2, duplicates=3, reconnects=1))
    ),
    "the named job is the reader's": f.well(named_job=NamedJobFacts(job_id="job-1", owner="sub-1")),
    "a job of another user of the pool": f.well(other_jobs=(replace(FOR_ANA, owner_in_pool=True),)),
    "a job whose user watches": f.well(other_jobs=(replace(FOR_ANA, is_watched=True),)),
    "the reader's own jobs are newer": f.well(
        reader=f.reader(newest_job_at="2026-11-20T07:00:00.001Z"), other_jobs=(FOR_ANA,)
    ),
    "ids of an application, and the reader has jobs": f.well(
        reader=f.reader(is_in_user_pool=False, newest_job_at="2026-11-20T06:00:00.000Z"),
        other_jobs=(FOR_ANA,),
    ),
}


@pytest.mark.parametrize("case", WELL)
def test_a_healthy_deployment_has_no_finding(case: str) -> None:
    assert diagnose(WELL[case]) is None


ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "clock": {"clock_ahead": 600.0},
    "wrong_stack": {"stack": f.stack(is_status_stack=False)},
    "table_throttled": {"tables": f.tables(Failure("ThrottlingException", "x"))},
    "token_refused": {"reader": f.reader(failure=Failure("TokenRefusedError", "x"))},
    "api_key_expired": {"api_key": ApiKeyFacts(expires_at=f.NOW - 1)},
    "publisher_gone": {"publisher": f.publisher(failure=GONE)},
    "queue_gone": {"queue": f.queue(failure=NO_QUEUE)},
    "push_denied": {"probe": f.raised("BroadcastError", "Unauthorized")},
    "job_unknown": {"named_job": NamedJobFacts(job_id="job-1", owner=None)},
}
"""By the part of the facts that has the fault, in the order of the checks."""


@pytest.mark.parametrize("first", ONE_OF_EACH)
def test_the_first_of_several_faults_is_named(first: str) -> None:
    codes = list(ONE_OF_EACH)
    later = codes[codes.index(first) :]
    finding = diagnose(f.well(**{part: value for code in later for part, value in ONE_OF_EACH[code].items()}))
    assert finding is not None
    assert finding.code == first


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param(
            {"connect_failure": Failure("Timeout", "x"), "send_failure": GONE}, "realtime_unreachable"
        ),
        pytest.param({"answer": f.answered(pushed=0).answer, "send_failure": GONE}, "session_unseen"),
        pytest.param({"send_failure": f.DENIED, "measures": f.measures(lost=1)}, "send_denied"),
        pytest.param({"measures": f.measures(committed=29, lost=1, received=28)}, "not_committed"),
    ],
)
def test_within_the_probe_the_first_step_that_failed_is_named(changes: dict[str, Any], code: str) -> None:
    finding = diagnose(f.well(probe=f.probe(**changes)))
    assert finding is not None
    assert finding.code == code


def test_each_check_has_a_fault_of_its_own() -> None:
    alone = {check for check in CHECKS for facts, *_ in FAULTS.values() if check(facts) is not None}
    assert alone == set(CHECKS)


def test_a_wrong_clock_is_found_before_the_credentials_that_it_invalidates() -> None:
    refused = f.stack(failure=Failure("SignatureDoesNotMatch", "Signature expired"))
    finding = diagnose(Facts(now=f.NOW, clock_ahead=-600.0, stack=refused))
    assert finding is not None
    assert finding.code == "clock"


def test_the_sample_has_every_fact_but_those_of_jobs() -> None:
    left = {each.name for each in fields(Facts) if not getattr(f.well(), each.name)}
    assert left == {"is_local", "named_job", "other_jobs"}
