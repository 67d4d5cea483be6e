"""The same questions as tools for an assistant, over stdio and HTTP (the Model Context Protocol).

    answers     what the tools give: small and typed
    questions   the tools: entitlement, cost, then the store
    server      the tools registered under their names
    http        one request of ``/mcp``, for the caller whose key it bears

Only ``server`` and ``http`` import the protocol's library (``pip install tideline[assistant]``).
"""
