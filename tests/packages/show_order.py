"""Prints the guide's order as its user sees it. The tests run a copy of this file outside the checkout."""

import json
import urllib.request
from pathlib import Path

import boto3

outputs = json.loads(Path(".local/outputs.json").read_text())
ana = outputs["demoUsers"][0]
pool = boto3.client(
    "cognito-idp",
    endpoint_url=outputs["awsEndpointUrl"],
    region_name=outputs["region"],
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
signed_in = pool.initiate_auth(
    AuthFlow="USER_PASSWORD_AUTH",
    ClientId=outputs["userPoolClientId"],
    AuthParameters={"USERNAME": ana["username"], "PASSWORD": ana["password"]},
)["AuthenticationResult"]
query = '{ getJob(jobId: "order-1") { overallStatus agents { name status } } }'
request = urllib.request.Request(
    outputs["graphqlUrl"],
    json.dumps({"query": query}).encode(),
    {"authorization": signed_in["IdToken"], "content-type": "application/json"},
)
with urllib.request.urlopen(request) as answer:
    print(json.dumps(json.load(answer)["data"]["getJob"]))
