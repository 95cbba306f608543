"""The simulated city: a seeded model of a day's work, sent through MQTT as real devices would."""
