"""Measured claims, each one command. README.md says what they print and which goals they hold us to."""
