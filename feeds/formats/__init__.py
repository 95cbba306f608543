"""Standard formats that real senders speak. Each plain module here declares one `FORMAT`."""
