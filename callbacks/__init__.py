"""What moves: pages, the live channel and the HTTP interface; thin, no business rules."""
