"""The room's memory: Redis keys, the atomic write, reading back, and what the server can promise."""
