"""The live picture: what the room knows now, kept current from the change spine."""
