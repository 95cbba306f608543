"""The feed worker: from the broker to the store, acknowledged only after it is stored."""
