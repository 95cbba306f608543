"""How the room is brought to run: on one machine (`local`), later by containers and service files."""
