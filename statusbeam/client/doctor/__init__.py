"""Finds the first thing that is wrong with a deployment: `examination` has facts, `diagnosis` judges them."""
