"""A CDK app with a deployment that has a canary."""

from __future__ import annotations

from aws_cdk import App, Stack

from statusbeam.cdk import CanaryOptions, Statusbeam

app = App()
Statusbeam(Stack(app, "Canaried"), "Status", canary=CanaryOptions())
app.synth()
