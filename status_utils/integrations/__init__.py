"""Adapters that report the runs of agent frameworks: one line of code and one optional extra for each.

    from status_utils.integrations.strands import StatusHooks                 # statusbeam[strands]
    from status_utils.integrations.langchain import StatusCallbacks           # statusbeam[langchain]
    from status_utils.integrations.openai_agents import StatusTracing         # statusbeam[openai-agents]
    from status_utils.integrations.pydantic_ai import StatusCapability        # statusbeam[pydantic-ai]

Inside a `job(...)` every run of an agent is an invocation, with its tools, its tokens and its end. Outside of
a job the adapters do nothing. docs/how-to/frameworks.md has the details.
"""
