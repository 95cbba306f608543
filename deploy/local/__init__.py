"""The room on one machine: embedded store and broker, the supervisor, the doctor."""
