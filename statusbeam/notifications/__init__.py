"""Notifications of jobs: what a commit means for people and programs outside, and how it reaches them."""
