"""The WebSocket stream: values on change or at a cadence, transitions of readings, gaps.

    messages    what a client may say and what it is told
    channel     what is evaluated once and shown to many
    queue       what waits for one client: of values the latest alone, skips counted
    hub         at every head: evaluate each channel once, hand the bytes to its clients
    resume      what was missed since a sequence
    session     one connection: the key, the reader, the sender, the limits

The sequence is the log's own commit number: it is the same in every worker and after a restart.
"""
