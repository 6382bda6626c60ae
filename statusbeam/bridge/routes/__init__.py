"""The routes of the bridge, one file for each protocol."""
