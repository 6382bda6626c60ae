"""The AWS tools against recorded answers, checked by botocore's own service models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from examples.civic_complaints.aws_tools import AmazonLocationGeocoder, BedrockModel
from examples.civic_complaints.toolbox import build_toolbox
from examples.civic_complaints.tools import CATEGORIES, Mention, ToolError

VALENCIA = {
    "PlaceId": "place-1",
    "PlaceType": "Intersection",
    "Title": "Valencia St & 18th St, San Francisco, CA 94110, United States",
    "Position": [-122.42163, 37.76172],
    "MatchScores": {"Overall": 0.97},
}
CROSSING = Mention(
    kind="crossing", text="Valencia near 18th", names=(("Valencia Street",), ("18th Street",)), spelling=0.9
)


@pytest.fixture
def places() -> Iterator[Stubber]:
    with Stubber(boto3.client("geo-places", region_name="us-east-1")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def bedrock() -> Iterator[Stubber]:
    with Stubber(boto3.client("bedrock-runtime", region_name="us-east-1")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def client_of(stubber: Stubber) -> Any:
    """The stubbed client; boto3-stubs know neither service here."""
    return stubber.client


def geocoder(places: Stubber) -> AmazonLocationGeocoder:
    return AmazonLocationGeocoder(
        client_of(places), city="San Francisco", region="CA", country="USA", center=(37.7749, -122.4194)
    )


def converse_answer(tool: str, answer: Any) -> dict[str, Any]:
    content = [{"toolUse": {"toolUseId": "t-1", "name": tool, "input": answer}}]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 210, "outputTokens": 31, "totalTokens": 241},
        "metrics": {"latencyMs": 412},
    }


def expect_converse(bedrock: Stubber, answer: dict[str, Any]) -> None:
    fields = ("modelId", "system", "messages", "inferenceConfig", "toolConfig")
    bedrock.add_response("converse", answer, dict.fromkeys(fields, ANY))


def test_crossing_is_asked_for_in_the_city_and_scaled_by_its_spelling(places: Stubber) -> None:
    expected = {
        "QueryText": "Valencia Street & 18th Street, San Francisco, CA",
        "BiasPosition": [-122.4194, 37.7749],
        "Filter": {"IncludeCountries": ["USA"]},
        "MaxResults": 3,
    }
    places.add_response("geocode", {"PricingBucket": "Core", "ResultItems": [VALENCIA]}, expected)
    (place,) = geocoder(places).locate(CROSSING)
    assert (place.latitude, place.longitude) == (37.76172, -122.42163)
    assert place.confidence == pytest.approx(0.873)


@pytest.mark.parametrize(
    ("mention", "query"),
    [
        (Mention(kind="address", text="", names=(("Haight Street",),), number=1450), "1450 Haight Street"),
        (
            Mention(kind="beside", text="", names=(("Lincoln Way",), ("Golden Gate Park",))),
            "Lincoln Way near Golden Gate Park",
        ),
        (Mention(kind="landmark", text="", names=(("City Hall",),)), "City Hall"),
    ],
)
def test_mention_becomes_a_query(places: Stubber, mention: Mention, query: str) -> None:
    expected = {
        "QueryText": f"{query}, San Francisco, CA",
        "BiasPosition": ANY,
        "Filter": ANY,
        "MaxResults": ANY,
    }
    places.add_response("geocode", {"PricingBucket": "Core", "ResultItems": []}, expected)
    assert geocoder(places).locate(mention) == []


def test_generic_place_is_not_asked_for(places: Stubber) -> None:
    assert geocoder(places).locate(Mention(kind="generic", text="the library", names=(("library",),))) == []


def test_failing_map_service_is_a_tool_error_without_details(places: Stubber) -> None:
    places.add_client_error("geocode", "AccessDeniedException", "arn:aws:iam::123456789012:role/x may not")
    with pytest.raises(ToolError) as caught:
        geocoder(places).locate(CROSSING)
    assert caught.value.public_text == "The map service did not answer."
    assert "code=AccessDeniedException" in str(caught.value)


def test_model_must_choose_one_of_the_categories(bedrock: Stubber) -> None:
    sent: dict[str, Any] = {}
    client_of(bedrock).meta.events.register(
        "before-parameter-build.*.Converse", lambda params, **_: sent.update(params)
    )
    answer = {"category": "pothole", "confidence": 0.93, "evidence": ["deep pothole"]}
    expect_converse(bedrock, converse_answer("report_category", answer))
    judgement = BedrockModel(client_of(bedrock), model_id="amazon.nova-lite-v1:0").categorize(
        "A deep pothole"
    )
    assert (judgement.category, judgement.confidence) == ("pothole", 0.93)
    assert judgement.evidence == ("deep pothole",)
    assert judgement.tokens == (210, 31)
    schema = sent["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    assert schema["properties"]["category"]["enum"] == list(CATEGORIES)
    assert json.loads(sent["messages"][0]["content"][0]["text"]) == {"complaint": "A deep pothole"}


def test_model_rates_the_severity(bedrock: Stubber) -> None:
    answer = {"severity": 4, "confidence": 1.7, "reasons": ["nearly fell"]}
    expect_converse(bedrock, converse_answer("report_severity", answer))
    judgement = BedrockModel(client_of(bedrock), model_id="m").rate("I nearly fell")
    assert (judgement.severity, judgement.confidence, judgement.reasons) == (4, 1.0, ("nearly fell",))


@pytest.mark.parametrize(
    "answer",
    [
        {"severity": 9, "confidence": 0.5, "reasons": []},
        {"severity": "high", "confidence": 0.5, "reasons": []},
        {"severity": True, "confidence": 0.5, "reasons": []},
        {"severity": 3, "confidence": "sure", "reasons": []},
        {"confidence": 0.5, "reasons": []},
    ],
)
def test_answer_outside_of_the_form_is_a_tool_error(bedrock: Stubber, answer: dict[str, Any]) -> None:
    expect_converse(bedrock, converse_answer("report_severity", answer))
    with pytest.raises(ToolError, match="outside of the form"):
        BedrockModel(client_of(bedrock), model_id="m").rate("I nearly fell")


def test_answer_without_the_tool_is_a_tool_error(bedrock: Stubber) -> None:
    expect_converse(bedrock, converse_answer("something_else", {}))
    with pytest.raises(ToolError, match="outside of the form"):
        BedrockModel(client_of(bedrock), model_id="m").categorize("A deep pothole")


def test_throttled_model_is_a_tool_error(bedrock: Stubber) -> None:
    bedrock.add_client_error("converse", "ThrottlingException", "slow down")
    with pytest.raises(ToolError, match="code=ThrottlingException"):
        BedrockModel(client_of(bedrock), model_id="m").categorize("A deep pothole")


def test_aws_tools_are_chosen_by_the_environment() -> None:
    toolbox = build_toolbox({"AGENT_TOOLS": "aws", "AGENT_MODEL_ID": "us.amazon.nova-lite-v1:0"})
    assert toolbox.geo.name == "Geo Agent"
