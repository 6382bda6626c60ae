"""Agent frameworks that report by themselves: one line each, one optional extra each.

    from status_utils.integrations.strands import StatusHooks                 # statusbeam[strands]
    from status_utils.integrations.langchain import StatusCallbacks           # statusbeam[langchain]
    from status_utils.integrations.openai_agents import StatusTracing         # statusbeam[openai-agents]
    from status_utils.integrations.pydantic_ai import StatusCapability        # statusbeam[pydantic-ai]

Inside a `job(...)` every run of an agent is an invocation: begun, its tools, ended well or badly, with its
tokens. Outside of one they do nothing. docs/frameworks.md has the details.
"""
