"""The port to the publisher and its adapters: queue, Lambda invoke, in this process, in memory."""
