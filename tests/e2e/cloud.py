"""A running localcloud as the end-to-end tests use it: its AWS, its users, and statuses to publish."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from status_utils.tokens import ViewTokenKeys, mint_view_token
from statusbeam.localcloud.appsync.realtime.faults import FAULTS_PATH
from statusbeam.localcloud.outputs import DemoUser, LocalOutputs, read_outputs
from statusbeam.localcloud.state_folder import StateFolder
from statusbeam.log.journal.dynamo_items import partition
from statusbeam.model.job_key import JobKey
from statusbeam.model.settings import TENANT_ATTRIBUTE, SessionsTable, StatusTable
from tests.e2e.callers import Caller, IamCaller, KeyCaller, TokenCaller
from tests.e2e.waiting import DEADLINE_SECONDS

UP_SECONDS = 3 * DEADLINE_SECONDS  # it includes the deployment of the stacks
VIEW_TOKEN_AUDIENCE = "statusbeam-local"

Update = dict[str, Any]


class HttpRefusalError(Exception):
    """AppSync answered a whole request with another status than 200."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body}")
        self.status = status


class PublishError(Exception):
    """The publisher failed, or rejected a status; the message is its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens that Cognito issues at a sign-in."""

    access: str
    id: str


@dataclass(frozen=True)
class Cloud:
    """One localcloud, from `statusbeam local up` to `down`.

    `credentials` has all used credentials with their kind, which no written log line may contain.
    """

    state: StateFolder
    outputs: LocalOutputs
    credentials: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def host(self) -> str:
        """The address of the data plane: 127.0.0.1:<port>."""
        return urlsplit(self.outputs.graphql_url).netloc

    def aws(self, service: str) -> Any:
        """A boto3 client of the emulator, as its root user."""
        return boto3.client(  # type: ignore[call-overload]  # the service's name is not a literal here
            service,
            endpoint_url=self.outputs.aws_endpoint_url,
            region_name=self.outputs.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}),
        )

    @cached_property
    def _lambda(self) -> Any:
        return self.aws("lambda")

    @cached_property
    def _cognito(self) -> Any:
        return self.aws("cognito-idp")

    def publish(self, *updates: Update) -> None:
        """Invoke the publisher with statuses of one commit, and wait for its end. Raises PublishError."""
        payload = {"batchId": str(uuid.uuid4()), "updates": list(updates)}
        answer = self._lambda.invoke(
            FunctionName=self.outputs.publisher_function_arn, Payload=json.dumps(payload).encode()
        )
        body = answer["Payload"].read().decode()
        if "FunctionError" in answer or json.loads(body)["rejected"]:
            raise PublishError(body)

    def publish_async(self, *updates: Update) -> str:
        """Send statuses to the publisher as agents do, without waiting. Returns the batch id."""
        batch_id = str(uuid.uuid4())
        payload = {"batchId": batch_id, "updates": list(updates)}
        self._lambda.invoke(
            FunctionName=self.outputs.publisher_function_arn,
            InvocationType="Event",
            Payload=json.dumps(payload).encode(),
        )
        return batch_id

    def user(self, *, tenant: int, role: str = "viewer", which: int = 0) -> DemoUser:
        """A demo user: of the first or second tenant, by role, the first or second of them."""
        tenants = sorted({user.tenant_id for user in self.outputs.demo_users})
        fitting = [
            user
            for user in self.outputs.demo_users
            if user.tenant_id == tenants[tenant] and role in user.roles
        ]
        return fitting[which]

    def new_user(self, tenant_id: str, role: str = "viewer") -> DemoUser:
        """A user for one test only, which may change it without an effect on other tests."""
        username, password = fresh_id("user"), "A-Passw0rd-of-a-test!"
        pool = self.outputs.user_pool_id
        attributes = [{"Name": TENANT_ATTRIBUTE, "Value": tenant_id}]
        self._cognito.admin_create_user(
            UserPoolId=pool, Username=username, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
        self._cognito.admin_set_user_password(
            UserPoolId=pool, Username=username, Password=password, Permanent=True
        )
        self._cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=role)
        return DemoUser(
            username=username, password=password, user_id=username, tenant_id=tenant_id, roles=(role,)
        )

    def new_app_client(self) -> str:
        """The id of another app client of the API's own user pool."""
        client = self._cognito.create_user_pool_client(
            UserPoolId=self.outputs.user_pool_id,
            ClientName=fresh_id("client"),
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        )["UserPoolClient"]
        return str(client["ClientId"])

    def log(self, job: JobKey) -> list[Update]:
        """A job's log, from the table."""
        items = self.aws("dynamodb").query(
            TableName=self.outputs.status_table,
            KeyConditionExpression="pk = :job AND begins_with(sk, :update)",
            ExpressionAttributeValues={
                ":job": {"S": partition(job)},
                ":update": {"S": StatusTable.UPDATE_PREFIX},
            },
            ConsistentRead=True,
        )["Items"]
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in items]

    def end_watches_on(self, tenant_id: str) -> None:
        """Delete the sessions that watch a whole tenant."""
        table, dynamodb = self.outputs.user_sessions_table, self.aws("dynamodb")
        watches = dynamodb.query(
            TableName=table,
            KeyConditionExpression="tenant_id = :tenant AND begins_with(sk, :watch)",
            ExpressionAttributeValues={
                ":tenant": {"S": tenant_id},
                ":watch": {"S": SessionsTable.TENANT_PREFIX},
            },
        )["Items"]
        for watch in watches:
            dynamodb.delete_item(TableName=table, Key={"tenant_id": watch["tenant_id"], "sk": watch["sk"]})

    def sign_in(self, user: DemoUser, *, client_id: str | None = None) -> Tokens:
        """The tokens of a demo user, from the user pool."""
        client_id = client_id or self.outputs.user_pool_client_id
        assert client_id is not None, "this localcloud has no user pool"
        return self.sign_in_as(user.username, user.password, client_id=client_id)

    def sign_in_as(self, username: str, password: str, *, client_id: str) -> Tokens:
        """The tokens of any user of the emulator, through any app client."""
        result = self._cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=client_id,
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )["AuthenticationResult"]
        self.credentials[password] = "a password"
        for kind in ("AccessToken", "IdToken", "RefreshToken"):
            if kind in result:
                self.credentials[result[kind]] = kind
        return Tokens(access=result["AccessToken"], id=result["IdToken"])

    def view_token(self, user_id: str, tenant_id: str, **changes: Any) -> str:
        """A view token signed with the stack's secret; `changes` are mint_view_token's arguments."""
        arguments = {"keys": self.view_token_keys, "audience": VIEW_TOKEN_AUDIENCE, **changes}
        token = mint_view_token(user_id, tenant_id, **arguments)
        self.credentials[token] = "a view token"
        return token

    @cached_property
    def view_token_keys(self) -> ViewTokenKeys:
        """The keys that sign view tokens, for an app's back end."""
        secrets = self.aws("secretsmanager")
        value = secrets.get_secret_value(SecretId=self.outputs.view_token_secret_arn)["SecretString"]
        self.credentials[value] = "the view tokens' secret"
        return ViewTokenKeys(lambda: [value])

    @property
    def key_caller(self) -> KeyCaller:
        """A caller with the API key."""
        self.credentials[self.outputs.api_key] = "the API key"
        return KeyCaller(self.outputs.api_key)

    def caller(self, user: DemoUser) -> TokenCaller:
        """A demo user, signed in."""
        return TokenCaller(self.sign_in(user).access)

    def graphql(
        self, caller: Caller, query: str, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """POST an operation; the decoded answer. Raises HttpRefusalError for anything but 200."""
        body = json.dumps({"query": query, "variables": variables or {}})
        headers = {
            "content-type": "application/json",
            **caller.authorization(self.host, "/graphql", body),
        }
        request = urllib.request.Request(self.outputs.graphql_url, body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
                decoded: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise HttpRefusalError(error.code, error.read().decode()) from None
        return decoded

    def switch(self, faults: Mapping[str, Any]) -> None:
        """Switch faults of the data plane, as its route takes them."""
        request = urllib.request.Request(
            f"{self.outputs.dashboard_url}{FAULTS_PATH.removeprefix('/')}",
            json.dumps(faults).encode(),
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=DEADLINE_SECONDS).close()

    def iam_reader(self, name: str, *fields: str) -> IamCaller:
        """A new IAM user with `appsync:GraphQL` on these fields ("Type/fields/name") and nothing else."""
        iam = self.aws("iam")
        iam.create_user(UserName=name)
        api = f"arn:aws:appsync:{self.outputs.region}:000000000000:apis/{self.outputs.api_id}"
        statement = {
            "Effect": "Allow",
            "Action": "appsync:GraphQL",
            "Resource": [f"{api}/types/{field}" for field in fields],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.credentials[key["SecretAccessKey"]] = "a secret access key"
        return IamCaller(key["AccessKeyId"], key["SecretAccessKey"], self.outputs.region)


def status(job_id: str, user_id: str, tenant_id: str, message: str, **more: Any) -> Update:
    """One status as an agent sends it."""
    return {
        "jobId": job_id,
        "userId": user_id,
        "tenantId": tenant_id,
        "eventId": str(uuid.uuid4()),
        "status": "agent_invoking",
        "agentName": "Geo Agent",
        "message": message,
        **more,
    }


def fresh_id(what: str) -> str:
    """An id that no other test uses."""
    return f"{what}-{uuid.uuid4().hex[:12]}"


def up(folder: Path, *options: str) -> Cloud:
    """`statusbeam local up` into `folder`, on free ports, with faults to switch on, and more `options`.

    Raises AssertionError with its output.
    """
    state = StateFolder(folder)
    statusbeam("up", folder, UP_SECONDS, "--port", "0", "--aws-port", "0", "--faults", *options)
    return Cloud(state=state, outputs=read_outputs(state.outputs))


def down(folder: Path) -> None:
    """`statusbeam local down`."""
    statusbeam("down", folder, DEADLINE_SECONDS)


def statusbeam(command: str, folder: Path, seconds: float, *options: str) -> str:
    """Run `statusbeam local <command>` on a state folder. Returns its output."""
    door = "import sys; from statusbeam.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", door, "local", command, "--state-dir", str(folder), *options],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"statusbeam local {command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout
