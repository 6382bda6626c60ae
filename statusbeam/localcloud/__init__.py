"""The whole system on a laptop: an AWS emulator, a real `cdk deploy`, and our AppSync data plane in front."""
