"""The examples' stack: the agents' functions, the state machines that call them, and the grants."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.example.civic_workflow import CivicAgent, CivicFunctions, CivicWorkflow
from infra.example.fair_workflow import FairWorkflow
from infra.example.model import InferenceProfile
from infra.stages import ExampleOptions, StageConfig
from statusbeam.cdk.bundling import build_bundle
from statusbeam.cdk.monitoring.alarms import Alarms
from statusbeam.cdk.publishing.status_route import StatusRoute
from statusbeam.cdk.python_function import LibraryLayer, PythonFunction, grant_invoke
from statusbeam.cdk.workflows.approvals import Approvals
from statusbeam.cdk.workflows.execution_closer import ExecutionCloser

# The names in statuses and in Step Functions, and the keys in events and handlers.
_AGENTS = {"Geo Agent": "geo", "Category Agent": "category", "Severity Agent": "severity"}

# Log groups with this prefix need no entry in the account's resource policy, which is small.
_LOGS = "/aws/vendedlogs/states/statusbeam"


class ExampleStack(Stack):
    """The jobs of examples/civic_complaints and examples/street_fair on top of a status stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        options: ExampleOptions,
        route: StatusRoute,
    ) -> None:
        super().__init__(scope, construct_id, env=stage.environment)
        self._functions: dict[str, PythonFunction] = {}
        library = LibraryLayer(self, "Library")
        profile = InferenceProfile(self, model_id=options.model_id) if options.tools == "aws" else None
        self._make_functions(stage, profile, route, library)
        parts = CivicFunctions(
            load_playbook=self._functions["load_playbook"].function,
            agents=tuple(
                CivicAgent(name=name, key=key, function=self._functions[f"{key}_agent"].function)
                for name, key in _AGENTS.items()
            ),
            validate=self._functions["validate"].function,
            synthesize=self._functions["synthesize"].function,
        )
        workflow = CivicWorkflow(
            self,
            "CivicComplaints",
            log_group_name=f"{_LOGS}-{stage.name.lower()}-civic-complaints",
            resources=stage.resources,
            functions=parts,
            route=route,
        )
        approvals = Approvals(self, "Approvals", library=library, resources=stage.resources)
        fair = self._make_fair(stage, approvals, route, library)
        closer = ExecutionCloser(
            self,
            "ExecutionCloser",
            resources=stage.resources,
            route=route,
            library=library,
            state_machines=[workflow.state_machine, fair.state_machine],
        )
        for function in parts.all():
            grant_invoke(workflow.role, function)
        route.grant(workflow.role)
        workflow.grant_observation()
        for key in _AGENTS.values():
            route.grant(self._functions[f"{key}_agent"].role)
        if profile is not None:
            self._grant_tools(profile)
        if stage.alarms:
            alarms = Alarms(self, "Alarms", resources=stage.resources)
            closer.watch(alarms)
            approvals.watch(alarms)
            self._output("AlarmTopicArn", alarms.topic.topic_arn)
        self._output("StateMachineArn", workflow.state_machine.state_machine_arn)
        self._output("StreetFairArn", fair.state_machine.state_machine_arn)
        self._output("ExecutionDeadLetterQueueUrl", closer.dead_letters.queue_url)

    def _output(self, name: str, value: str) -> None:
        CfnOutput(self, f"Output{name}", value=value).override_logical_id(name)

    def _make_functions(
        self,
        stage: StageConfig,
        profile: InferenceProfile | None,
        route: StatusRoute,
        library: lambda_.ILayerVersion,
    ) -> None:
        bundle = build_bundle(sources=("examples/__init__.py", "examples/civic_complaints"))
        # The example reads the two AGENT_ variables itself.
        tools = (
            {"AGENT_TOOLS": "aws", "AGENT_MODEL_ID": profile.id} if profile else {"AGENT_TOOLS": "offline"}
        )
        environment = {**route.environment(), **tools}
        agents = [f"{key}_agent" for key in _AGENTS.values()]
        for handler in (*agents, "load_playbook", "validate", "synthesize"):
            self._functions[handler] = PythonFunction(
                self,
                handler.title().replace("_", ""),
                bundle=bundle,
                handler=f"examples.civic_complaints.handlers.{handler}",
                environment=environment,
                resources=stage.resources,
                timeout=Duration.seconds(60),
                memory_mb=512,
                layers=[library],
            )

    def _make_fair(
        self,
        stage: StageConfig,
        approvals: Approvals,
        route: StatusRoute,
        library: lambda_.ILayerVersion,
    ) -> FairWorkflow:
        agent = PythonFunction(
            self,
            "FairAgent",
            bundle=build_bundle(sources=("examples/__init__.py", "examples/street_fair")),
            handler="examples.street_fair.handlers.agent",
            environment=route.environment(),
            resources=stage.resources,
            timeout=Duration.minutes(2),
            layers=[library],
        )
        fair = FairWorkflow(
            self,
            "StreetFair",
            log_group_name=f"{_LOGS}-{stage.name.lower()}-street-fair",
            resources=stage.resources,
            agent=agent.function,
            approvals=approvals,
            route=route,
        )
        approvals.serve(fair.state_machine)
        for function in (agent.function, approvals.function):
            grant_invoke(fair.role, function)
        for role in (agent.role, fair.role):
            route.grant(role)
        fair.grant_observation()
        return fair

    def _grant_tools(self, profile: InferenceProfile) -> None:
        places = f"arn:{self.partition}:geo-places:{self.region}::provider/default"
        iam.Grant.add_to_principal(
            grantee=self._functions["geo_agent"].role, actions=["geo-places:Geocode"], resource_arns=[places]
        )
        for agent in ("category_agent", "severity_agent"):
            profile.grant_invoke(self._functions[agent].role)
