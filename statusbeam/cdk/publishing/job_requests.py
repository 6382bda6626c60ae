"""The function behind `cancelJob` and `answerWaiting`: records requests in the job's log, and announces them
on EventBridge."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from statusbeam.model.settings import CANCEL_REQUESTED, EVENT_SOURCE, WAITING_ANSWERED, CallerSettings

from ..bundling import build_bundle, function_sources
from ..options import ResourceOptions
from ..python_function import PythonFunction, grant_invoke


class JobRequests(Construct):
    """The API invokes `function`. Closers and approvals, in any stack, act on the events."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        library: lambda_.ILayerVersion,
    ) -> None:
        super().__init__(scope, construct_id)
        requests = PythonFunction(
            self,
            "Requests",
            bundle=build_bundle(sources=function_sources("job_requests")),
            handler="lambdas.job_requests.handler.handler",
            environment={},
            resources=resources,
            timeout=Duration.seconds(9),  # AppSync waits 10 s
            layers=[library],
        )
        self.function = requests.function
        self.role = requests.role
        self._grant_announcing(emulated=resources.emulated)

    def publish_through(self, publisher: lambda_.IFunction) -> None:
        """Record requests by invoking the publisher, which needs the API, which needs this function."""
        settings = CallerSettings(status_publisher_function=publisher.function_arn)
        for variable, value in settings.to_env().items():
            self.function.add_environment(variable, value)
        grant_invoke(self.role, publisher)

    def grant_request(self, grantee: iam.IGrantable) -> None:
        """Allow invoking the function."""
        grant_invoke(grantee, self.function)

    def _grant_announcing(self, *, emulated: bool) -> None:
        bus = Stack.of(self).format_arn(service="events", resource="event-bus", resource_name="default")
        only = {"events:source": EVENT_SOURCE, "events:detail-type": [CANCEL_REQUESTED, WAITING_ANSWERED]}
        iam.Grant.add_to_principal(
            grantee=self.role,
            actions=["events:PutEvents"],
            resource_arns=[bus],
            # The emulator's IAM does not know the fields of an event: a condition on them would refuse each
            # event.
            conditions=None if emulated else {"StringEquals": only},
        )
