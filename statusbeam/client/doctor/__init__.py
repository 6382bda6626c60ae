"""Finds the first fault of a deployment: `examination` collects facts, `diagnosis` judges them."""
