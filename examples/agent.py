from typing import Any

from status_utils import job, report_progress

STREETS = ("Castro Street", "Market Street", "Valencia Street")


def handler(event: dict[str, Any], context: object) -> list[str]:
    ids = {"job_id": event["jobId"], "user_id": event["userId"], "tenant_id": event["tenantId"]}
    with (
        job(**ids, attempt=event["retryCount"] + 1, ends_job=False) as j,
        j.agent("Geo Agent", message="Reading the address") as agent,
    ):
        with agent.tool("gazetteer", reason="The text names a street"):
            places = look_up(event["text"])
        agent.complete(f"Found: {', '.join(places) or 'no street that we know'}", {"places": places})
    return places


def look_up(text: str) -> list[str]:
    found = []
    for number, street in enumerate(STREETS, start=1):
        found += [street] if street in text else []
        report_progress(number / len(STREETS), f"{number} of {len(STREETS)} streets compared")
    return found
