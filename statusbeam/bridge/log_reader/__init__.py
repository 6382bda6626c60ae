"""The port through which the bridge reads jobs, and its adapters."""
