"""The example's model on Bedrock: by an inference profile, which most regions require.

>>> profile = InferenceProfile(stack, model_id="amazon.nova-lite-v1:0")
>>> profile.id                                   # in a stack of eu-west-1
'eu.amazon.nova-lite-v1:0'
"""

from __future__ import annotations

from typing import Final

from aws_cdk import CfnMapping, Stack, Token
from aws_cdk import aws_iam as iam

from statusbeam.cdk.compliance import accept_wildcard

# https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-supported.html, Nova Lite, 2026-11-29
_REGIONS: Final = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
    "apac": ("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
}
"""The regions that may call a geography's profile."""

_GEOGRAPHIES: Final = {region: name for name, regions in _REGIONS.items() for region in regions}


class ModelRegionError(ValueError):
    """The model has no inference profile in the stack's region. Synth stops."""


class InferenceProfile:
    """The profile of a model in the stack's region. In a stack of any region, a mapping chooses it."""

    def __init__(self, stack: Stack, *, model_id: str) -> None:
        self._stack = stack
        self._model_id = model_id
        self.id = f"{_geography(stack)}.{model_id}"

    def grant_invoke(self, grantee: iam.IGrantable) -> None:
        """Allow calling the model, by this profile only.

        The profile calls the model in another region of its geography, so the grant names it in all of them.
        """
        partition = self._stack.partition
        profile = (
            f"arn:{partition}:bedrock:{self._stack.region}:{self._stack.account}:inference-profile/{self.id}"
        )
        model = f"arn:{partition}:bedrock:*::foundation-model/{self._model_id}"
        by_profile = {"ArnEquals": {"bedrock:InferenceProfileArn": profile}}
        invoke = ["bedrock:InvokeModel"]
        iam.Grant.add_to_principal(grantee=grantee, actions=invoke, resource_arns=[profile])
        iam.Grant.add_to_principal(
            grantee=grantee, actions=invoke, resource_arns=[model], conditions={**by_profile}
        )
        role = grantee.grant_principal
        if isinstance(role, iam.Role):
            reason = "The profile chooses the region; the condition names the profile."
            accept_wildcard(role, resource=model, reason=reason)


def _geography(stack: Stack) -> str:
    if Token.is_unresolved(stack.region):
        mapping = CfnMapping(
            stack,
            "InferenceProfiles",
            mapping={region: {"geography": name} for region, name in _GEOGRAPHIES.items()},
        )
        return mapping.find_in_map(stack.region, "geography")
    if stack.region not in _GEOGRAPHIES:
        known = ", ".join(sorted(_GEOGRAPHIES))
        raise ModelRegionError(
            f"the example's model has no inference profile in {stack.region}. Deploy to one of {known}, or "
            'set ExampleOptions(tools="offline") in infra/stages.py'
        )
    return _GEOGRAPHIES[stack.region]
