"""The visibility fuzz: thousands of requests of all callers, each compared with the oracle.

`python -m tests.e2e.visibility_run --questions 100000 --watches 5000 --seed 7` starts a localcloud itself.
"""

from __future__ import annotations

import argparse
import base64
import collections
import http.client
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from statusbeam.model.chunked import chunked
from statusbeam.model.job_key import JobKey
from statusbeam.model.limits import METADATA_BYTES
from tests.e2e import cloud as local
from tests.e2e.appsync_socket import AppSyncSocket, connected
from tests.e2e.cloud import Cloud, fresh_id, status
from tests.e2e.visibility_cases import Case, World, build, marker_of, questions, watches
from tests.e2e.visibility_model import (
    ANSWER,
    BAD_REQUEST,
    FORBIDDEN,
    INVALID,
    MALFORMED,
    MODES,
    NOT_WAITING,
    REFUSED,
    UNAUTHORIZED,
    Expected,
    Model,
    Principal,
    Told,
    Watch,
)
from tests.e2e.waiting import DEADLINE_SECONDS

DOCUMENTS: Final[Mapping[str, str]] = {
    "getJob": "query($jobId: ID!) { getJob(jobId: $jobId) "
    "{ jobId userId tenantId overallStatus sequence agents { name activity tools } } }",
    **{
        name: "query($limit: Int, $nextToken: String, $overallStatus: OverallStatus, $workflow: String, "
        "$createdAfter: AWSDateTime, $createdBefore: AWSDateTime, $search: String) "
        f"{{ {name}(limit: $limit, nextToken: $nextToken, overallStatus: $overallStatus, "
        "workflow: $workflow, createdAfter: $createdAfter, createdBefore: $createdBefore, search: $search) "
        "{ jobs { jobId userId tenantId sequence } nextToken } }"
        for name in ("listJobs", "listTenantJobs")
    },
    "countTenantJobs": "query($createdAfter: AWSDateTime, $createdBefore: AWSDateTime) "
    "{ countTenantJobs(createdAfter: $createdAfter, createdBefore: $createdBefore) "
    "{ overallStatus count isExact } }",
    "answerWaiting": "mutation($jobId: ID!, $invocationId: ID, $approved: Boolean!, $comment: String) "
    "{ answerWaiting(jobId: $jobId, invocationId: $invocationId, approved: $approved, comment: $comment) "
    "{ jobId userId tenantId sequence } }",
    "cancelJob": "mutation($jobId: ID!, $reason: String) { cancelJob(jobId: $jobId, reason: $reason) "
    "{ jobId userId tenantId sequence } }",
    "listStatusUpdates": "query($jobId: ID!, $afterSequence: Int, $limit: Int) "
    "{ listStatusUpdates(jobId: $jobId, afterSequence: $afterSequence, limit: $limit) "
    "{ updates { message metadata } currentSequence nextAfterSequence recovered reason } }",
    "getStatusDetail": "query($jobId: ID!, $sequence: Int!) "
    "{ getStatusDetail(jobId: $jobId, sequence: $sequence) { jobId sequence detail operatorDetail } }",
    "syncSession": "mutation($input: SessionInput!) "
    "{ syncSession(input: $input) { connectionId jobs { jobId sequence } } }",
    "endSessions": "mutation($input: EndSessionsInput!) { endSessions(input: $input) { userId tenantId } }",
    "publishStatus": "mutation($input: StatusInput!) "
    "{ publishStatus(input: $input) { jobId userId tenantId message sequence } }",
    "onStatusUpdate": "subscription($userId: ID!, $jobId: ID, $connectionId: ID, $joined: Boolean) "
    "{ onStatusUpdate(userId: $userId, jobId: $jobId, connectionId: $connectionId, joined: $joined) "
    "{ jobId userId tenantId message metadata earlier { message metadata } } }",
    "onTenantStatus": "subscription($tenantId: ID!, $connectionId: ID, $joined: Boolean) "
    "{ onTenantStatus(tenantId: $tenantId, connectionId: $connectionId, joined: $joined) "
    "{ jobId userId tenantId message metadata earlier { message metadata } } }",
}
KINDS: Final = {
    "Unauthorized": UNAUTHORIZED,
    "UnauthorizedException": REFUSED,
    "InvalidSignatureException": REFUSED,
    "IncompleteSignatureException": REFUSED,
    "UnrecognizedClientException": REFUSED,
    "Forbidden": FORBIDDEN,
    "BadRequest": BAD_REQUEST,
    "NotWaiting": NOT_WAITING,
    "ValidationError": INVALID,
    "MalformedHttpRequestException": MALFORMED,
    "UnsupportedOperation": MALFORMED,
    None: INVALID,  # AppSync gives complaints about variables no type
}
SECRET: Final = re.compile(r"(?:secret|forged)-[0-9a-f]{12}")
TOO_TALKATIVE: Final = re.compile(r"arn:aws|Traceback|Service: DynamoDb|\bstack\b")
WORKERS = 4
WATCHES_PER_SOCKET = 100
SPILLED = 0.1
PROBLEMS_KEPT = 20


@dataclass(slots=True)
class Report:
    """The requests, their results, and the findings."""

    cases: collections.Counter[str] = field(default_factory=collections.Counter)
    deliveries: int = 0
    problems: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, case: Case, kind: str, complaints: Iterable[str]) -> None:
        """One case with its findings."""
        with self._lock:
            self.cases[f"{case.operation}: {kind}"] += 1
            for complaint in complaints:
                asked = f"{case.operation} {json.dumps(case.arguments)[:2_000]}"
                self._keep(f"{complaint}\n  case {case.number}: {case.who.name}, {asked}")

    def complain(self, problem: str) -> None:
        """A finding outside of a case."""
        with self._lock:
            self._keep(problem)

    def _keep(self, problem: str) -> None:
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)

    @property
    def total(self) -> int:
        """The number of cases."""
        return sum(self.cases.values())

    def __str__(self) -> str:
        lines = [f"{self.total} cases, {self.deliveries} deliveries, {len(self.problems)} problems"]
        lines += [f"  {count:6} {name}" for name, count in sorted(self.cases.items())]
        return "\n".join([*lines, *self.problems])


class Fuzz:
    """One run of the fuzz in one localcloud."""

    def __init__(self, cloud: Cloud, seed: int) -> None:
        self._cloud = cloud
        self._dice = random.Random(seed)  # noqa: S311 - dice for cases, no secret
        self.world: World = build(cloud)
        self._model = Model(self.world.jobs, self.world.page_tokens)
        self._secrets: dict[str, set[str]] = {}
        self._hidden = {who.name: self._hidden_from(who) for who in self.world.principals}
        self.report = Report()
        self.tell()
        self._turn_pages()

    def _hidden_from(self, who: Principal) -> set[str]:
        """The markers of jobs whose ids differ from those of the principal's own jobs."""
        jobs = self.world.jobs
        seen = {marker_of(job) for job in jobs if who.known and self._model.may_see(who, job)}
        return {marker_of(job) for job in jobs} - seen

    def tell(self) -> None:
        """Publish one to three statuses of every job, each with its own markers."""
        for job in self.world.jobs:
            fresh = [
                _new_status(spilled=self._dice.random() < SPILLED) for _ in range(self._dice.randrange(1, 4))
            ]
            self._cloud.publish(
                *(
                    status(job.job_id, job.user_id, job.tenant_id, told.message, metadata=_metadata(told))
                    for told in fresh
                )
            )
            job.statuses += fresh
        self._secrets = {who.name: self._model.secrets_of(who) for who in self.world.principals}

    def _turn_pages(self) -> None:
        """Read a page of one job from every user's list, and store its page token."""
        for who in self.world.principals:
            if who.known and who.mode in MODES["listJobs"]:
                answer = self._cloud.graphql(who.caller, DOCUMENTS["listJobs"], {"limit": 1})
                token = answer["data"]["listJobs"]["nextToken"]
                if token is not None:
                    self.world.page_tokens[token] = who

    # Over HTTP: snapshot, list, replay, sessions, and the mutations that are not theirs.

    def ask(self, count: int) -> None:
        """Send `count` requests."""
        cases = list(questions(self.world, self._dice, count))
        with ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(self._ask_all, cases[start::WORKERS]) for start in range(WORKERS)]:
                done.result()

    def _ask_all(self, cases: Sequence[Case]) -> None:
        connection = http.client.HTTPConnection(self._cloud.host, timeout=DEADLINE_SECONDS)
        for case in cases:
            body = json.dumps(_operation(case))
            headers = case.who.caller.authorization(self._cloud.host, "/graphql", body)
            connection.request("POST", "/graphql", body, {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            self._judge(case, answer.status, answer.read().decode())
        connection.close()

    def _judge(self, case: Case, http_status: int, text: str) -> None:
        answer = json.loads(text)
        errors = answer.get("errors") or []
        kind = ANSWER if http_status == 200 and not errors else _kind_of(errors)
        data: Any = (answer.get("data") or {}).get(case.operation)
        self.report.note(case, kind, self._complaints(case, kind, data, text))

    def _complaints(self, case: Case, kind: str, data: Any, text: str) -> Iterator[str]:
        expected = self._model.expect(case.who, case.operation, case.arguments)
        if case.literal and expected.kind == MALFORMED:
            expected = Expected(INVALID)  # in a document it is escaped, and GraphQL knows no such escape
        if kind != expected.kind:
            yield f"{expected.kind} was expected, {kind} came: {text[:300]}"
        elif kind == ANSWER:
            yield from _differences(case, expected.data, data)
            if case.operation == "listJobs" and data["nextToken"]:
                token = data["nextToken"]
                yield from token_problems(case.who, token, self.world.markers)
                if case.who.job_ids is None:
                    text = text.replace(
                        token, ""
                    )  # it is judged by its bytes: chance writes words into base64
        elif data is not None:
            yield f"data beside {kind}: {text[:300]}"
        yield from self._leaks(case, text)

    def _leaks(self, case: Case, text: str) -> Iterator[str]:
        leaked = set(SECRET.findall(text)) - self._secrets[case.who.name] - set(SECRET.findall(_text(case)))
        if leaked:
            yield f"LEAK of {sorted(leaked)}: {text[:300]}"
        if TOO_TALKATIVE.search(text):
            yield f"an answer with others' data: {text[:300]}"
        own = {case.who.user_id, case.who.tenant_id}
        for owner in {name for pair in self.world.owners for name in pair} - own:
            if owner in text and owner not in _text(case) and not self._may_name(case.who, owner):
                yield f"LEAK of the name {owner}: {text[:300]}"
        for job_id in self._hidden[case.who.name]:
            if job_id in text and job_id not in _text(case):
                yield f"LEAK of the job {job_id}: {text[:300]}"

    def _may_name(self, who: Principal, owner: str) -> bool:
        seen = [job for job in self.world.jobs if self._model.may_see(who, job)]
        return who.known and any(owner in (job.user_id, job.tenant_id) for job in seen)

    # Over WebSockets.

    def watch(self, count: int) -> None:
        """Start `count` subscriptions, publish for every job, and compare the received statuses."""
        cases = list(watches(self.world, self._dice, count))
        before = {job.key: len(job.statuses) for job in self.world.jobs}
        with ExitStack() as open_sockets:
            running: list[tuple[AppSyncSocket, dict[str, tuple[Case, Watch]]]] = []
            for who in self.world.principals:
                own = [case for case in cases if case.who is who]
                running += self._start_all(who, own, open_sockets)
            self.tell()
            news = {job.key: job.statuses[before[job.key] :] for job in self.world.jobs}
            for socket, started in running:
                self._compare(socket, started, news)

    def _start_all(
        self, who: Principal, cases: Sequence[Case], open_sockets: ExitStack
    ) -> Iterator[tuple[AppSyncSocket, dict[str, tuple[Case, Watch]]]]:
        if not who.known:
            self._refused_at_the_door(who)
            return
        for of_one_socket in chunked(cases, WATCHES_PER_SOCKET):
            url, host = self._cloud.outputs.realtime_url, self._cloud.host
            socket = open_sockets.enter_context(connected(url, host, who.caller))
            started = {}
            for case in of_one_socket:
                frame = socket.start(DOCUMENTS[case.operation], case.arguments)
                expected = self._model.expect(who, case.operation, case.arguments)
                if frame["type"] == "start_ack":
                    kind = ANSWER
                    if expected.kind == ANSWER:
                        started[str(frame["id"])] = (case, expected.data)
                else:
                    kind = _kind_of(frame["payload"]["errors"])
                wrong = [] if kind == expected.kind else [f"{expected.kind} was expected: {frame}"]
                self.report.note(case, kind, wrong)
            yield socket, started

    def _refused_at_the_door(self, who: Principal) -> None:
        with AppSyncSocket(self._cloud.outputs.realtime_url, self._cloud.host, who.caller) as socket:
            answer = socket.init()
        case = Case(number=-1, who=who, operation="connect", arguments={})
        self.report.note(case, REFUSED, [] if answer["type"] == "connection_error" else [str(answer)])

    def _compare(
        self,
        socket: AppSyncSocket,
        started: Mapping[str, tuple[Case, Watch]],
        news: Mapping[JobKey, Sequence[Told]],
    ) -> None:
        """Stop each subscription. It receives nothing after its end."""
        heard: dict[str, list[str]] = {subscription_id: [] for subscription_id in started}
        for subscription_id in started:
            socket.stop(subscription_id)
        for frame in socket.frames:
            if frame["type"] == "data":
                heard.setdefault(frame["id"], []).extend(SECRET.findall(json.dumps(frame)))
        for subscription_id, secrets in heard.items():
            self.report.deliveries += len(secrets)
            if subscription_id not in started:
                self.report.complain(f"LEAK to a subscription that was refused: {secrets}")
                continue
            case, watch = started[subscription_id]
            wanted = [
                secret
                for job, told in news.items()
                if watch.hears(self._model.jobs[job])
                for status in told
                for secret in status.pushed
            ]
            if sorted(secrets) != sorted(wanted):
                more, less = set(secrets) - set(wanted), set(wanted) - set(secrets)
                self.report.complain(
                    f"LEAK of {sorted(more)}" if more else f"{case} never heard {sorted(less)}"
                )


def _new_status(*, spilled: bool) -> Told:
    secrets = {name: fresh_id("secret") for name in ("message", "note", "internal")}
    return Told(**secrets, spilled=spilled)


def _metadata(told: Told) -> dict[str, Any]:
    padding = {"padding": "x" * METADATA_BYTES} if told.spilled else {}
    return {"note": told.note, "operator": {"internal": told.internal}, **padding}


def _operation(case: Case) -> dict[str, Any]:
    if not case.literal:
        return {"query": DOCUMENTS[case.operation], "variables": case.arguments}
    literal = DOCUMENTS["getJob"].removeprefix("query($jobId: ID!) ")
    return {"query": literal.replace("$jobId", json.dumps(case.arguments["jobId"]))}


def _kind_of(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) else errors
    found = first.get("errorType")
    return KINDS.get(found, f"?{found}")


def _differences(case: Case, expected: Any, data: Any) -> Iterator[str]:
    if case.operation == "countTenantJobs":
        counts = {count["overallStatus"]: count["count"] for count in data}
        if counts.pop("processing") != expected or any(counts.values()):
            yield f"{expected} processing were expected, {data} came"
        return
    if case.operation in ("listJobs", "listTenantJobs"):
        most, mine = expected
        listed = [job["jobId"] for job in data["jobs"]]
        narrowed = case.arguments.get("overallStatus") or case.arguments.get("nextToken")
        whole = most >= len(mine) and not narrowed and not data["nextToken"]
        if not set(listed) <= mine or len(listed) > most or (whole and set(listed) != mine):
            yield f"{sorted(mine)} of at most {most} were expected, {listed} came"
        return
    shown = {name: data[name] for name in expected}
    if case.operation == "listStatusUpdates":
        shown["updates"] = [{"message": update["message"]} for update in data["updates"]]
    if case.operation == "getStatusDetail":
        shown["detail"] = json.loads(data["detail"] or "{}").get("note")
        shown["operatorDetail"] = json.loads(data["operatorDetail"] or "{}").get("internal")
    if shown != expected:
        yield f"{expected} was expected, {shown} came"


def token_problems(who: Principal, token: str, markers: Iterable[str]) -> Iterator[str]:
    """A page token is the id of an own job, for a limited list, or opaque.

    A readable one would show a marker. Encrypted bytes look random: each of the 60 markers has 14 bytes or
    more, so that chance finds one in the 500 bytes of a token with 60 * 500 * 256**-14 < 1e-28.
    """
    if who.job_ids is not None:
        if token not in who.job_ids:
            yield f"a page token that is none of their jobs: {token}"
        return
    try:
        content = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        yield f"a page token that is not opaque: {token}"
        return
    shown = sorted(marker for marker in markers if marker.encode() in content)
    if shown:
        yield f"LEAK of {shown} in a page token"


def _text(case: Case) -> str:
    return json.dumps(case.arguments, ensure_ascii=False)


def run(cloud: Cloud, *, seed: int, question_count: int, watch_count: int) -> Report:
    """Send half of the requests before the subscriptions and half after them."""
    fuzz = Fuzz(cloud, seed)
    fuzz.ask(question_count // 2)
    fuzz.watch(watch_count)
    fuzz.ask(question_count - question_count // 2)
    return fuzz.report


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 without findings, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.visibility_run", description=__doc__)
    parser.add_argument("--questions", type=int, default=20_000)
    parser.add_argument("--watches", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        cloud = local.up(Path(folder))
        started_at = time.monotonic()
        try:
            report = run(cloud, seed=chosen.seed, question_count=chosen.questions, watch_count=chosen.watches)
        finally:
            local.down(Path(folder))
    sys.stdout.write(f"{report}\n{time.monotonic() - started_at:.0f} s\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
