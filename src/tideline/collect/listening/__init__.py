"""WebSocket connections: opened, acknowledged, watched for silence, replaced before the cut."""
