"""What comes in. Each plain module in this package is one declared feed."""
