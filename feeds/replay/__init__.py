"""Recorded messages sent again through the broker, as the devices would: `app.py replay`."""
