"""The publishers of a deployment: the shared one, and those of tenants with queues of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from constructs import Construct

from statusbeam.model.settings import PublisherSettings

from ..options import PrivateNetwork, PublishingOptions, ResourceOptions
from .publisher import Publisher
from .status_route import InvokeRoute, QueueRoute, StatusRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishers:
    """`shared` accepts all tenants of the deployment. Each publisher in `of_tenants` accepts one tenant."""

    shared: Publisher
    of_tenants: Mapping[str, Publisher]

    def __iter__(self) -> Iterator[Publisher]:
        yield from self.by_suffix.values()

    @property
    def by_suffix(self) -> Mapping[str, Publisher]:
        """All publishers, by the suffix of their resources' names."""
        tenants = {f"Of-{tenant}": publisher for tenant, publisher in self.of_tenants.items()}
        return {"": self.shared, **tenants}


def create_publishers(
    scope: Construct,
    *,
    resources: ResourceOptions,
    options: PublishingOptions,
    settings: PublisherSettings,
    network: PrivateNetwork | None,
) -> Publishers:
    """Create them in `scope`, all with the same settings but for the tenant."""

    def publisher(construct_id: str, settings: PublisherSettings) -> Publisher:
        return Publisher(
            scope,
            construct_id,
            resources=resources,
            reserved_concurrency=options.reserved_concurrency,
            network=network,
            settings=settings,
        )

    return Publishers(
        shared=publisher("StatusPublisher", settings),
        of_tenants={
            tenant: publisher(f"StatusPublisherOf-{tenant}", replace(settings, publisher_tenant=tenant))
            for tenant in options.tenant_queues
        },
    )


def route_to(publisher: Publisher, options: PublishingOptions) -> StatusRoute:
    """How code reports statuses to this publisher."""
    if options.transport == "queue":
        return QueueRoute(publisher.queue)
    return InvokeRoute(publisher.function)
