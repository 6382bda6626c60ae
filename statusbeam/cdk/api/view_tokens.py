"""View tokens: the secret that signs them and the authorizer that checks them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from statusbeam.model.settings import AuthorizerSettings

from ..bundling import TOKEN_PINS, build_bundle, function_sources
from ..compliance import accept
from ..encryption import customer_key, grant_decrypt, grant_encrypt_decrypt
from ..options import ResourceOptions
from ..python_function import PythonFunction

_ROTATE = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)


class ViewTokens(Construct):
    """Back ends issue tokens with `secret_arn` and `audience`; the API asks `authorizer`, with its `role`.

    `rotation` is the function that rotates the secret, if there is one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        audience: str,
        rotation_days: int | None,
        library: lambda_.ILayerVersion,
    ) -> None:
        super().__init__(scope, construct_id)
        self._resources = resources
        secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Signs view tokens",
            encryption_key=customer_key(self, resources),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=resources.removal_policy,
        )
        self.secret_arn = _arn(secret)
        self.audience = audience
        self.rotation = None if rotation_days is None else self._rotate(rotation_days, library)
        if self.rotation is None:
            accept(
                secret,
                rule="AwsSolutions-SMG4",
                reason="view_token_rotation_days is None: the owners rotate the secret themselves.",
            )
        checker = PythonFunction(
            self,
            "Authorizer",
            bundle=build_bundle(
                sources=function_sources("view_token_authorizer"),
                requirements=TOKEN_PINS,
            ),
            handler="lambdas.view_token_authorizer.handler.handler",
            environment=AuthorizerSettings(
                view_token_secret=self.secret_arn,
                view_token_audience=self.audience,
            ).to_env(),
            resources=resources,
            timeout=Duration.seconds(5),  # AppSync waits 10 s for an authorizer
            layers=[library],
        )
        self.authorizer = checker.function
        self.role = checker.role

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Let `grantee` read the secret's versions."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[self.secret_arn]
        )
        grant_decrypt(grantee, self._resources.key_arn, service="secretsmanager")

    def _rotate(self, days: int, library: lambda_.ILayerVersion) -> lambda_.IFunction:
        rotation = PythonFunction(
            self,
            "Rotation",
            bundle=build_bundle(sources=function_sources("view_token_rotation")),
            handler="lambdas.view_token_rotation.handler.handler",
            environment={},
            resources=self._resources,
            timeout=Duration.seconds(30),
            layers=[library],
        )
        granted = iam.Grant.add_to_principal(
            grantee=rotation.role, actions=list(_ROTATE), resource_arns=[self.secret_arn]
        )
        grant_encrypt_decrypt(rotation.role, self._resources.key_arn, service="secretsmanager")
        invoked = lambda_.CfnPermission(
            self,
            "MayRotate",
            action="lambda:InvokeFunction",
            function_name=rotation.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_arn=self.secret_arn,
        )
        # Not `addRotationSchedule`: the construct library would also grant GetRandomPassword on *.
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self.secret_arn,
            rotation_lambda_arn=rotation.function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=days
            ),
        )
        # The first rotation begins with the schedule.
        schedule.add_dependency(invoked)
        granted.apply_before(schedule)
        return rotation.function


def _arn(secret: secretsmanager.Secret) -> str:
    # Both name the ARN on AWS, but `Ref` gives the emulator's policy the bare name, which matches nothing.
    resource = secret.node.default_child
    if not isinstance(resource, secretsmanager.CfnSecret):
        raise TypeError(f"Secret holds a {type(resource).__name__}")
    return resource.attr_id
