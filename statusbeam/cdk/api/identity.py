"""The Cognito user pool, its groups, and the trigger that puts the tenant into both tokens."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from statusbeam.model.settings import (
    ADMIN_GROUP,
    LOGIN_ADDRESSES,
    OPERATOR_GROUP,
    SIGN_IN_SCOPES,
    TENANT_ATTRIBUTE,
)

from ..bundling import build_bundle, function_sources
from ..compliance import accept
from ..options import ManagedLogin, NewUserPool, ResourceOptions
from ..python_function import PythonFunction

GROUPS = ("viewer", OPERATOR_GROUP, ADMIN_GROUP)
_TENANT = TENANT_ATTRIBUTE.removeprefix("custom:")  # Cognito adds the prefix


class Identity(Construct):
    """Administrators create the users of this pool. A user's tenant never changes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        options: NewUserPool,
        resources: ResourceOptions,
        library: lambda_.ILayerVersion,
    ) -> None:
        super().__init__(scope, construct_id)
        self.user_pool = self._pool(options, resources)
        self.token_trigger = self._token_trigger(resources, library)
        self.user_pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
            self.token_trigger,
            cognito.LambdaVersion.V2_0,
        )
        for group in GROUPS:
            cognito.UserPoolGroup(self, group.capitalize(), user_pool=self.user_pool, group_name=group)
        self.client = self._client(options)
        self.login_domain = None if options.managed_login is None else self._login(options.managed_login)
        """The host of the managed login; None: there is none."""
        if not options.threat_protection:
            accept(
                self.user_pool,
                rule="AwsSolutions-COG8",
                reason="threat_protection is off: it needs the Plus plan, which costs more for each user.",
            )
        if not options.mfa_required:
            accept(
                self.user_pool,
                rule="AwsSolutions-COG2",
                reason="mfa_required is off: demo users sign in without a second factor.",
            )

    def _pool(self, options: NewUserPool, resources: ResourceOptions) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "Users",
            # Both let a trigger change access tokens.
            feature_plan=cognito.FeaturePlan.PLUS
            if options.threat_protection
            else cognito.FeaturePlan.ESSENTIALS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION
            if options.threat_protection
            else None,
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            # Immutable: a user who could change it could read the statuses of another tenant.
            custom_attributes={_TENANT: cognito.StringAttribute(mutable=False, min_len=1, max_len=128)},
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
            ),
            mfa=cognito.Mfa.REQUIRED if options.mfa_required else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            removal_policy=resources.removal_policy,
            deletion_protection=resources.deletion_protection,
        )

    def _token_trigger(self, resources: ResourceOptions, library: lambda_.ILayerVersion) -> lambda_.IFunction:
        return PythonFunction(
            self,
            "TokenTrigger",
            bundle=build_bundle(sources=function_sources("pre_token_generation")),
            handler="lambdas.pre_token_generation.handler.handler",
            environment={},
            resources=resources,
            timeout=Duration.seconds(5),  # Cognito's own limit
            layers=[library],
        ).function

    def _client(self, options: NewUserPool) -> cognito.UserPoolClient:
        login = options.managed_login
        # Pages and terminals cannot keep a secret, and may not write the tenant.
        readable = cognito.ClientAttributes().with_standard_attributes(email=True, preferred_username=True)
        return self.user_pool.add_client(
            "Client",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True, user_password=options.password_auth),
            disable_o_auth=login is None,
            o_auth=None
            if login is None
            else cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.custom(scope) for scope in SIGN_IN_SCOPES],
                # The command signs in as the page's client: both are public, and act for the same user.
                callback_urls=[*login.page_urls, *LOGIN_ADDRESSES],
                logout_urls=list(login.page_urls),
            ),
            supported_identity_providers=None
            if login is None
            else [cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(1),
            read_attributes=readable.with_custom_attributes(_TENANT),
            write_attributes=cognito.ClientAttributes().with_standard_attributes(preferred_username=True),
        )

    def _login(self, login: ManagedLogin) -> str:
        domain = self.user_pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=login.domain_prefix),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        # Without a style, even Cognito's own, a client has no managed login pages.
        cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=self.user_pool.user_pool_id,
            client_id=self.client.user_pool_client_id,
            use_cognito_provided_values=True,
        ).node.add_dependency(domain)
        return f"{login.domain_prefix}.auth.{Stack.of(self).region}.amazoncognito.com"
