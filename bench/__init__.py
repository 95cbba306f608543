"""Measurements of the room. Each script starts its own servers, prints one Markdown table, and ends them."""
