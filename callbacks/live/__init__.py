"""The live channel: frames encoded once and shared, one in flight per screen, newest wins."""
