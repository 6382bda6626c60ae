"""Measured claims, each with one command. README.md describes their output and their goals."""
