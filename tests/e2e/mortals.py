"""Functions whose processes die at a chosen moment, in the place of deployed ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e.cloud import Cloud, fresh_id
from tests.e2e.waiting import wait_for

DIES_AT_WORK = """
import os
from status_utils import publish_agent_status
def handler(event, context):
    publish_agent_status(**event, agent_name="Mortal", status="agent_invoking", message="At work")
    os._exit(1)
"""


def zipped(name: str, text: str) -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr(name, text)
    return code.getvalue()


@contextmanager
def mortal_agent(cloud: Cloud) -> Iterator[str]:
    """A function with a deployed agent's role, library and settings, whose process dies during its work."""
    functions = cloud.aws("lambda")
    (agent,) = (
        one
        for one in functions.get_paginator("list_functions").paginate().search("Functions[]")
        if "GeoAgent" in one["FunctionName"]
    )
    name = fresh_id("mortal")
    functions.create_function(
        FunctionName=name,
        Runtime=agent["Runtime"],
        Role=agent["Role"],
        Handler="mortal.handler",
        Code={"ZipFile": zipped("mortal.py", DIES_AT_WORK)},
        Layers=[layer["Arn"] for layer in agent["Layers"]],
        Environment={"Variables": agent["Environment"]["Variables"]},
        Timeout=60,
    )
    try:
        yield name
    finally:
        functions.delete_function(FunctionName=name)


DIES_ON_ITS_WAY = """
import os

import boto3
from botocore.client import BaseClient
from requests import Session

WHEN, WHAT = os.environ["DIES"].split()
ask = BaseClient._make_api_call

def mortal(does, named):
    def call(self, *args, **more):
        its_time = named(*args) == WHAT
        if its_time and WHEN == "before":
            die()
        answer = does(self, *args, **more)
        if its_time:
            die()
        return answer
    return call

def die():
    key = {"pk": {"S": os.environ["DEATH_NOTE"]}, "sk": {"S": "DIED"}}
    ask(boto3.client("dynamodb"), "PutItem", {"TableName": os.environ["STATUS_TABLE"], "Item": key})
    os._exit(1)

BaseClient._make_api_call = mortal(ask, lambda name, *_: name)
Session.post = mortal(Session.post, lambda *_: "push")

from lambdas.status_publisher.handler import handler
"""


def queue_is_empty(cloud: Cloud) -> bool:
    """Whether no status waits for the publisher, or is being published."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    sqs, queue = cloud.aws("sqs"), cloud.outputs.status_queue_url
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return not any(int(found[name]) for name in names)


@contextmanager
def mortal_publisher(cloud: Cloud, at: str, note: str) -> Iterator[Callable[[], bool]]:
    """Let the deployed publisher's processes die at this step, after writing an item. Returns whether one
    died. What was sent before is published first, so that no process dies of that."""
    wait_for("an empty queue", lambda: queue_is_empty(cloud))
    functions, name = cloud.aws("lambda"), cloud.outputs.publisher_function_arn
    before = functions.get_function_configuration(FunctionName=name)
    layers = [layer["Arn"] for layer in before.get("Layers", ())]
    death = functions.publish_layer_version(
        LayerName=fresh_id("death"), Content={"ZipFile": zipped("python/mortal.py", DIES_ON_ITS_WAY)}
    )["LayerVersionArn"]
    changes = {"DIES": at, "DEATH_NOTE": note}
    functions.update_function_configuration(
        FunctionName=name,
        Handler="mortal.handler",
        Layers=[*layers, death],
        Environment={"Variables": {**before["Environment"]["Variables"], **changes}},
    )
    key = {"pk": {"S": note}, "sk": {"S": "DIED"}}
    dynamodb, table = cloud.aws("dynamodb"), cloud.outputs.status_table
    try:
        yield lambda: "Item" in dynamodb.get_item(TableName=table, Key=key)
    finally:
        functions.update_function_configuration(
            FunctionName=name, Handler=before["Handler"], Layers=layers, Environment=before["Environment"]
        )
