"""What is known: types, settings, the store, KPI definitions and the live picture. No Dash in here."""
