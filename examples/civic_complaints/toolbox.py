"""Creates the agents with their tools, once per cold start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from examples.civic_complaints.agents import Agent, category_agent, geo_agent, severity_agent
from examples.civic_complaints.category import default_classifier
from examples.civic_complaints.gazetteer import default_gazetteer
from examples.civic_complaints.geo import Locator
from examples.civic_complaints.severity import default_rules

CITY_CENTER = (37.7749, -122.4194)


class ToolChoiceError(Exception):
    """AGENT_TOOLS is neither offline nor aws, or names no model. The function does not start."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The three agents with their tools."""

    geo: Agent
    category: Agent
    severity: Agent


def build_toolbox(environ: Mapping[str, str]) -> Toolbox:
    """The agents with the tools that AGENT_TOOLS names; AGENT_MODEL_ID is the inference profile of a Bedrock
    model. Raises ToolChoiceError.
    """
    choice = environ.get("AGENT_TOOLS", "offline")
    gazetteer = default_gazetteer()
    if choice == "offline":
        return Toolbox(
            geo=geo_agent(Locator(gazetteer, gazetteer)),
            category=category_agent(default_classifier()),
            severity=severity_agent(default_rules()),
        )
    if choice != "aws":
        raise ToolChoiceError(f"AGENT_TOOLS is {choice!r}; it must be offline or aws")
    if not environ.get("AGENT_MODEL_ID"):
        raise ToolChoiceError("AGENT_MODEL_ID must name an inference profile, as eu.amazon.nova-lite-v1:0")
    # imported here, because a function with offline tools needs no SDK
    import boto3  # noqa: PLC0415 - see above

    from examples.civic_complaints.aws_tools import AmazonLocationGeocoder, BedrockModel  # noqa: PLC0415 - see above

    geocoder = AmazonLocationGeocoder(
        boto3.client("geo-places"), city=gazetteer.city, region="CA", country="USA", center=CITY_CENTER
    )
    model = BedrockModel(boto3.client("bedrock-runtime"), model_id=environ["AGENT_MODEL_ID"])
    return Toolbox(
        geo=geo_agent(Locator(gazetteer, geocoder)),
        category=category_agent(model),
        severity=severity_agent(model),
    )
