"""The way out: REST, streams, keys and plans, health and metrics.

A request passes, in this order:

    envelope      host, sizes, request id, headers of the answer
    gate          whose key is it (401), has it a token left (429)
    entitlement   may its plan ask this (403), the one place for every way of asking
    cost          is it small enough (422), estimated before any work
    routes        ask the store or the live state, encode
    problems      whatever went wrong, as problem+json

``app.create_app`` puts it together for one process; ``process.serve`` runs several of them.
"""
