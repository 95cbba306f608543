"""The HTTP interface: probes, layers, figures, feeds, refused messages, objects, map tiles."""
