"""The bridge: on Fargate behind CloudFront, without a public address of its own, or on Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from statusbeam.model.settings import LOCALCLOUD_CONTEXT, BridgeSettings

from ..compliance import accept, accept_wildcard
from ..encryption import customer_key
from ..localcloud import local_api_url
from ..options import BridgeOptions, ResourceOptions
from ..statusbeam import Statusbeam
from .any_bridge import bridge_settings, container_image, grant_bridge
from .bridge_function import BridgeFunction

_PORT: Final = 8080
_DRAIN: Final = Duration.seconds(60)


class StatusBridge(Construct):
    """The bridge to one deployment: two tasks, an internal load balancer, CloudFront before it.

        StatusBridge(self, "Bridge", status=status, workflows={"complaints": machine})

    `workflows` are the state machines that signed-in readers may start, by name; the first is the default.
    With `BridgeOptions(compute="lambda")` it is one function instead, with an address of its own. Clients
    connect to `url`. `image` and `function_image` take a container image of yours. Raises ValueError on
    localcloud, which has a bridge of its own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        status: Statusbeam,
        workflows: Mapping[str, sfn.IStateMachine] | None = None,
        options: BridgeOptions = BridgeOptions(),
        vpc: ec2.IVpc | None = None,
        image: ecs.ContainerImage | None = None,
        function_image: lambda_.DockerImageCode | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if local_api_url(self) is not None:
            raise ValueError(
                f"localcloud has a bridge of its own and runs no StatusBridge: leave {self.node.path} out if "
                f"the context has {LOCALCLOUD_CONTEXT}"
            )
        machines = dict(workflows or {})
        settings = bridge_settings(status, machines, options)
        if options.compute == "lambda":
            function = BridgeFunction(
                self, "Function", settings=settings, resources=status.resources, image=function_image
            )
            grant_bridge(function.role, status, machines)
            self.url = function.url
        else:
            self.url = self._on_fargate(
                status=status, machines=machines, settings=settings, options=options, vpc=vpc, image=image
            )
        CfnOutput(self, "BridgeUrl", value=self.url)

    def _on_fargate(
        self,
        *,
        status: Statusbeam,
        machines: Mapping[str, sfn.IStateMachine],
        settings: BridgeSettings,
        options: BridgeOptions,
        vpc: ec2.IVpc | None,
        image: ecs.ContainerImage | None,
    ) -> str:
        """The address of a service behind CloudFront."""
        self._vpc = vpc or self._own_vpc()
        task = self._task(image or container_image(), settings, options, status.resources)
        grant_bridge(task.task_role, status, machines)
        balancer = elb.ApplicationLoadBalancer(
            self, "Balancer", vpc=self._vpc, internet_facing=False, idle_timeout=Duration.seconds(120)
        )
        accept(
            balancer,
            rule="AwsSolutions-ELB2",
            reason="Access logs hold addresses, and an address may hold a ticket.",
        )
        service = self._service(task, balancer, options)
        self._scale(service, balancer, options)
        return f"https://{self._distribution(balancer, options).distribution_domain_name}"

    def _own_vpc(self) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=1,
            gateway_endpoints={
                "Tables": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
            },
        )
        vpc.add_flow_log("FlowLog", traffic_type=ec2.FlowLogTrafficType.REJECT)
        return vpc

    def _task(
        self,
        image: ecs.ContainerImage,
        settings: BridgeSettings,
        options: BridgeOptions,
        resources: ResourceOptions,
    ) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=options.cpu,
            memory_limit_mib=options.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        task.add_container(
            "Bridge",
            image=image,
            environment=settings.to_env(),
            port_mappings=[ecs.PortMapping(container_port=_PORT)],
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(30),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="bridge",
                log_group=logs.LogGroup(
                    self,
                    "Logs",
                    retention=resources.log_retention,
                    encryption_key=customer_key(self, resources),
                    removal_policy=resources.removal_policy,
                ),
            ),
        )
        accept(
            task,
            rule="AwsSolutions-ECS2",
            reason="The variables are names and addresses; the one secret is read from Secrets Manager.",
        )
        execution_role = task.execution_role
        if execution_role is not None:
            accept_wildcard(
                execution_role, resource="*", reason="ecr:GetAuthorizationToken takes no resource."
            )
        return task

    def _service(
        self, task: ecs.FargateTaskDefinition, balancer: elb.ApplicationLoadBalancer, options: BridgeOptions
    ) -> ecs.FargateService:
        cluster = ecs.Cluster(
            self, "Cluster", vpc=self._vpc, container_insights_v2=ecs.ContainerInsights.ENABLED
        )
        service = ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            desired_count=options.tasks,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        listener = balancer.add_listener("Http", port=80, open=False, protocol=elb.ApplicationProtocol.HTTP)
        listener.add_targets(
            "Tasks",
            port=_PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[service],
            deregistration_delay=_DRAIN,
            health_check=elb.HealthCheck(path="/health", interval=Duration.seconds(10)),
            load_balancing_algorithm_type=elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
        )
        # CloudFront reaches the balancer from network interfaces in the VPC.
        balancer.connections.allow_from(ec2.Peer.ipv4(self._vpc.vpc_cidr_block), ec2.Port.tcp(80))
        accept(
            balancer,
            rule="AwsSolutions::AwsSolutions-EC23",
            reason="The one range is the VPC's own, a reference that the rule can't read.",
        )
        return service

    @staticmethod
    def _scale(
        service: ecs.FargateService, balancer: elb.ApplicationLoadBalancer, options: BridgeOptions
    ) -> None:
        """Add a task for each `connections_per_task` open connections above the capacity of the first
        tasks."""
        scaling = service.auto_scale_task_count(min_capacity=options.tasks, max_capacity=options.max_tasks)
        steps = [
            autoscaling.ScalingInterval(
                upper=options.tasks * options.connections_per_task, change=options.tasks
            )
        ]
        for tasks in range(options.tasks, options.max_tasks):
            lower = tasks * options.connections_per_task
            steps.append(autoscaling.ScalingInterval(lower=lower, change=tasks + 1))
        scaling.scale_on_metric(
            "Connections",
            metric=balancer.metrics.active_connection_count(period=Duration.minutes(1)),
            scaling_steps=steps,
            adjustment_type=autoscaling.AdjustmentType.EXACT_CAPACITY,
        )

    def _distribution(
        self, balancer: elb.ApplicationLoadBalancer, options: BridgeOptions
    ) -> cloudfront.Distribution:
        origin = origins.VpcOrigin.with_application_load_balancer(
            balancer,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
            read_timeout=Duration.seconds(60),
        )
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origin,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            ),
            web_acl_id=options.web_acl_arn,
        )
        accept(distribution, rule="AwsSolutions-CFR1", reason="Readers sign in from anywhere.")
        accept(
            distribution,
            rule="AwsSolutions-CFR3",
            reason="Access logs hold addresses, and an address may hold a ticket.",
        )
        accept(
            distribution,
            rule="AwsSolutions-CFR4",
            reason="CloudFront's own name has CloudFront's certificate and TLS versions.",
        )
        accept(
            distribution,
            rule="AwsSolutions-CFR5",
            reason="CloudFront reaches the balancer inside the VPC, which has no certificate.",
        )
        if options.web_acl_arn is None:
            accept(
                distribution,
                rule="AwsSolutions-CFR2",
                reason="Every request needs a token, and streams are limited; set `web_acl_arn` for more.",
            )
        return distribution
