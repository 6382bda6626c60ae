"""The page on CloudFront: access to its files, browser caches, and the page's policy."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.synthesised import WEB_STACKS, Stack
from tests.infra.variants import CERTIFICATE, LOG_LINK, WEB_ACL, variant

HASHED = "assets/*"


def distribution(stack: Stack) -> dict[str, Any]:
    return dict(stack.one("AWS::CloudFront::Distribution").properties["DistributionConfig"])


def headers(stack: Stack) -> dict[str, Any]:
    return dict(stack.one("AWS::CloudFront::ResponseHeadersPolicy").properties["ResponseHeadersPolicyConfig"])


def joined(value: Any) -> str:
    """A text with references in it, each as <>."""
    parts = value["Fn::Join"][1] if isinstance(value, dict) else [value]
    return "".join(part if isinstance(part, str) else "<>" for part in parts)


def uploads(stack: Stack) -> dict[str, dict[str, Any]]:
    """The two uploads: files with their hash in the name, and all others."""
    found = [r.properties for r in stack.all("Custom::CDKBucketDeployment")]
    assert len(found) == 2
    return {"hashed" if "Include" in upload else "rest": upload for upload in found}


@pytest.mark.parametrize("name", WEB_STACKS)
def test_files_are_read_through_cloudfront_alone(stacks: dict[str, Stack], name: str) -> None:
    stack = stacks[name]
    for bucket in stack.all("AWS::S3::Bucket"):
        assert all(bucket.properties["PublicAccessBlockConfiguration"].values())
        assert "AccessControl" not in bucket.properties
    (origin,) = distribution(stack)["Origins"]
    assert origin["OriginAccessControlId"]
    readers = [
        statement
        for policy in stack.all("AWS::S3::BucketPolicy")
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and "s3:GetObject" in statement["Action"]
    ]
    (reader,) = readers
    assert reader["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "AWS:SourceArn" in reader["Condition"]["StringEquals"]


@pytest.mark.parametrize("name", WEB_STACKS)
def test_the_page_runs_its_own_files_and_talks_to_the_api_and_the_sign_in_only(
    stacks: dict[str, Stack], name: str
) -> None:
    security = headers(stacks[name])["SecurityHeadersConfig"]
    policy = joined(security["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    assert "unsafe" not in policy
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self' https://<> wss://<> https://cognito-idp.<>.amazonaws.com"
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"


@pytest.mark.parametrize("name", WEB_STACKS)
def test_browsers_keep_what_has_its_hash_in_its_name_and_nothing_else(
    stacks: dict[str, Stack], name: str
) -> None:
    upload = uploads(stacks[name])
    assert upload["hashed"]["SystemMetadata"] == {"cache-control": "public, max-age=31536000, immutable"}
    assert (upload["hashed"]["Exclude"], upload["hashed"]["Include"]) == (["*"], [HASHED])
    assert upload["rest"]["SystemMetadata"] == {"cache-control": "no-store"}
    assert upload["rest"]["Exclude"] == [HASHED]
    assert all(found["Prune"] is False for found in upload.values())
    config = distribution(stacks[name])
    # CloudFront's own policies: CachingDisabled, CachingOptimized.
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    (hashed,) = config["CacheBehaviors"]
    assert (hashed["PathPattern"], hashed["CachePolicyId"]) == (
        HASHED,
        "658327ea-f89d-4fab-a63d-7e88639e58f6",
    )


@pytest.mark.parametrize("name", WEB_STACKS)
def test_the_config_comes_last_and_names_what_the_deployment_made(
    stacks: dict[str, Stack], name: str
) -> None:
    markers = uploads(stacks[name])["rest"]["SourceMarkers"][1]
    for part in ("GraphQLUrl", "RealtimeUrl", "IdentityUsers", "IdentityUsersClient", "AWS::Region"):
        assert part in str(markers), part
    raw = json.loads(stacks[name].path.read_text())["Resources"]
    files = {logical: r for logical, r in raw.items() if r["Type"] == "Custom::CDKBucketDeployment"}
    (hashed,) = [logical for logical, r in files.items() if "Include" in r["Properties"]]
    (rest,) = [r for logical, r in files.items() if logical != hashed]
    assert hashed in rest["DependsOn"]


@pytest.mark.parametrize("name", WEB_STACKS)
def test_every_request_is_encrypted_and_logged(stacks: dict[str, Stack], name: str) -> None:
    config = distribution(stacks[name])
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {behavior["ViewerProtocolPolicy"] for behavior in behaviors} == {"redirect-to-https"}
    assert config["Logging"]["Prefix"] == "cloudfront/"
    assert config["PriceClass"] == "PriceClass_100"
    assert "CustomErrorResponses" not in config  # it would answer a missing file with the page
    assert set(stacks[name].outputs) == {"WebUrl"}


ROUTES = [
    ("/", "/index.html"),
    ("/jobs/job-1", "/index.html"),
    ("/jobs/", "/index.html"),
    ("/index.html", "/index.html"),
    ("/config.json", "/config.json"),
    ("/missing.js", "/missing.js"),
    ("/v1.2/jobs", "/index.html"),
]


def test_routes_lead_to_the_page_and_missing_files_stay_missing(stacks: dict[str, Stack]) -> None:
    function = stacks["Prod-Web"].one("AWS::CloudFront::Function").properties
    code = function["FunctionCode"]
    assert re.search(r"\bhandler\(event\)", code)
    asked = json.dumps([path for path, _ in ROUTES])
    call = f"{code}; console.log(JSON.stringify({asked}.map((uri) => handler({{request: {{uri}}}}).uri)))"
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or "node"
    answered = subprocess.run([node, "-e", call], capture_output=True, text=True, check=True)
    assert json.loads(answered.stdout) == [served for _, served in ROUTES]
    behavior = distribution(stacks["Prod-Web"])["CacheBehaviors"][0]
    assert "FunctionAssociations" not in behavior


def test_a_domain_brings_its_certificate_and_tls_1_2(other_provider_stacks: dict[str, Stack]) -> None:
    config = distribution(other_provider_stacks["Prod-Web"])
    assert config["Aliases"] == ["status.example.com"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert config["WebACLId"] == WEB_ACL
    assert config["PriceClass"] == "PriceClass_All"


def test_the_page_gets_the_address_of_the_log_search(
    stacks: dict[str, Stack], other_provider_stacks: dict[str, Stack]
) -> None:
    def configs(stack: Stack) -> list[str]:
        # What the deployment makes stands in it as markers: it is not JSON yet.
        return [file.read_text() for file in stack.path.parent.glob("asset.*/config.json")]

    (config,) = configs(other_provider_stacks["Prod-Web"])
    assert f'"logLink":"{LOG_LINK}"' in config.replace(" ", "")
    assert configs(stacks["Prod-Web"])
    assert not any("logLink" in config for config in configs(stacks["Prod-Web"]))


@pytest.mark.parametrize("link", ["http://logs.example.com/?q={errorId}", "https://logs.example.com/"])
def test_a_log_link_without_a_target_is_refused(link: str) -> None:
    from statusbeam.cdk import PageOptions  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="log_link"):
        PageOptions(log_link=link)


def test_a_domain_without_a_certificate_is_refused() -> None:
    from statusbeam.cdk import PageOptions  # noqa: PLC0415 - starts Node

    with pytest.raises(ValueError, match="go together"):
        PageOptions(domain="status.example.com")


def test_synth_names_the_command_when_the_page_is_not_built(tmp_path: Path) -> None:
    from statusbeam.cdk import PageError  # noqa: PLC0415 - starts Node

    with pytest.raises(PageError, match="make web"):
        variant(tmp_path / "out", tmp_path, "Prod")


def test_a_stage_may_do_without_the_page(existing_pool_stacks: dict[str, Stack]) -> None:
    assert set(existing_pool_stacks) == {"Prod-Status"}
