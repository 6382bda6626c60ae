"""The stacks of all stages, synthesised once: the checks of infra/checks.py run with them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from statusbeam.model.settings import LOCALCLOUD_CONTEXT
from tests.infra.synthesised import APPSYNC_URL, TODAY, Stack, new_app, synthesised
from tests.infra.variants import (
    CERTIFICATE,
    ISSUER,
    KEY,
    LOG_LINK,
    ORIGINS,
    POOL,
    SECURITY_GROUPS,
    SUBNETS,
    TENANTS,
    TOKENS,
    WEB_ACL,
    variant,
)


@pytest.fixture(scope="session", autouse=True)
def node_beside_the_interpreter() -> None:
    """Let the construct library run in the Node of the virtual environment, with any PATH."""
    node = Path(sys.executable).with_name("node")
    if node.exists():
        os.environ["JSII_NODE"] = str(node)


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page: index.html, and a file with its hash in its name."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>A page</title>")
    (folder / "assets" / "index-0123abcd.js").write_text("// nothing")
    return folder


@pytest.fixture(scope="session")
def stacks(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory, page: Path
) -> dict[str, Stack]:
    """By name without the prefix: Dev-Status, Dev-Example, Dev-Web, Prod-Status, Prod-Web, Local-Status,
    Local-Example."""
    from infra.stacks import add_stages  # noqa: PLC0415 - starts Node, which only these tests need

    found: dict[str, Stack] = {}
    for stage, context in (("dev", {}), ("prod", {}), ("local", {LOCALCLOUD_CONTEXT: APPSYNC_URL})):
        app = new_app(tmp_path_factory.mktemp("cdk.out"), context)
        add_stages(app, today=TODAY, only=stage, page=page)
        found |= synthesised(app)
    return found


@pytest.fixture(scope="session")
def invoking_stacks(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory, page: Path
) -> dict[str, Stack]:
    """Dev's stacks of a stage whose code invokes the publisher instead of using the queue, with alarms."""
    from statusbeam.cdk import PublishingOptions  # noqa: PLC0415 - starts Node

    publishing = PublishingOptions(transport="invoke")
    return variant(tmp_path_factory.mktemp("cdk.out"), page, "Dev", publishing=publishing, alarms=True)


@pytest.fixture(scope="session")
def other_provider_stacks(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory, page: Path
) -> dict[str, Stack]:
    """Prod's, with another provider than Cognito, a domain, and two pages that may call the API."""
    from statusbeam.cdk import FirewallOptions, OidcProvider, PageOptions  # noqa: PLC0415 - starts Node

    return variant(
        tmp_path_factory.mktemp("cdk.out"),
        page,
        "Prod",
        readers=OidcProvider(
            issuer=ISSUER,
            client_ids=("page", "desk.example.com"),
            user_claim="login",
            tenant_claim="city",
            roles_claim="groups",
            scopes=("openid", "offline_access"),
            origins=(TOKENS,),
        ),
        firewall=FirewallOptions(allowed_origins=ORIGINS),
        page=PageOptions(
            domain=ORIGINS[0][8:],
            certificate_arn=CERTIFICATE,
            web_acl_arn=WEB_ACL,
            all_edge_locations=True,
            log_link=LOG_LINK,
        ),
    )


@pytest.fixture(scope="session")
def guarded_stacks(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stack]:
    """Dev's, with everything on that a bank asks for: key, logs, backups, private API, queues of tenants."""
    from infra.stages import ExampleOptions  # noqa: PLC0415 - starts Node
    from statusbeam.cdk import (  # noqa: PLC0415 - starts Node
        ApiOptions,
        BudgetOptions,
        CanaryOptions,
        FirewallOptions,
        NewUserPool,
        PrivateNetwork,
        PublishingOptions,
        ResourceOptions,
    )

    network = PrivateNetwork(subnet_ids=SUBNETS, security_group_ids=SECURITY_GROUPS)
    return variant(
        tmp_path_factory.mktemp("cdk.out"),
        Path("no page"),
        "Dev",
        region="eu-west-1",
        resources=ResourceOptions(key_arn=KEY, backup_days=35, access_logs=True),
        readers=NewUserPool(threat_protection=True),
        api=ApiOptions(private_network=network, log_level="ALL", view_token_rotation_days=7),
        publishing=PublishingOptions(tenant_queues=TENANTS, reserved_concurrency=10),
        firewall=FirewallOptions(logs=True),
        alarms=True,
        dashboard=True,
        canary=CanaryOptions(every_minutes=15, p99_milliseconds=750),
        budget=BudgetOptions(
            monthly_dollars=200, emails=("ops@example.com",), cost_tag=("statusbeam:stage", "Dev")
        ),
        page=None,
        example=ExampleOptions(),
    )


@pytest.fixture(scope="session")
def existing_pool_stacks(
    node_beside_the_interpreter: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Stack]:
    """Prod's stacks, with an existing user pool, one page that may call the API, and none of our pages."""
    from statusbeam.cdk import ExistingUserPool, FirewallOptions  # noqa: PLC0415 - starts Node

    return variant(
        tmp_path_factory.mktemp("cdk.out"),
        Path("no page"),
        "Prod",
        region="eu-west-1",
        readers=ExistingUserPool(user_pool_id=POOL, client_ids=("page", "terminal")),
        firewall=FirewallOptions(allowed_origins=ORIGINS[:1]),
        page=None,
    )
