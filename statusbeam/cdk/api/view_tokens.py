"""View tokens: the secret that signs them and the authorizer that checks them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from statusbeam.model.settings import AuthorizerSettings

from ..bundling import ROOT, build_bundle
from ..compliance import accept
from ..options import ResourceOptions
from ..python_function import PythonFunction


class ViewTokens(Construct):
    """Back ends issue tokens with `secret_arn` and `audience`; the API asks `authorizer`, with its `role`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ResourceOptions,
        audience: str,
        library: lambda_.ILayerVersion,
    ) -> None:
        super().__init__(scope, construct_id)
        secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Signs view tokens",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=resources.removal_policy,
        )
        self.secret_arn = _arn(secret)
        self.audience = audience
        accept(
            secret,
            rule="AwsSolutions-SMG4",
            reason="Back ends rotate it when they are ready; the authorizer accepts both versions.",
        )
        checker = PythonFunction(
            self,
            "Authorizer",
            bundle=build_bundle(
                sources=("lambdas/__init__.py", "lambdas/view_token_authorizer"),
                requirements=ROOT / "lambdas" / "requirements-tokens.txt",
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


def _arn(secret: secretsmanager.Secret) -> str:
    # Both name the ARN on AWS, but `Ref` gives the emulator's policy the bare name, which matches nothing.
    resource = secret.node.default_child
    if not isinstance(resource, secretsmanager.CfnSecret):
        raise TypeError(f"Secret holds a {type(resource).__name__}")
    return resource.attr_id
