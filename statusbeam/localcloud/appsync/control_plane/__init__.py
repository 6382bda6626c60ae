"""Deployed AppSync APIs: read from the emulator's control plane and made ready to run."""
