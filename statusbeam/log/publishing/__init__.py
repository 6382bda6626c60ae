"""The way of a payload through the publisher: admit, commit, look up watchers, push."""
