"""Constructs that put Statusbeam into a CDK stack."""
