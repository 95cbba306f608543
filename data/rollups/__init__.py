"""Figures by hour and day, per KPI and district, kept for years; percentiles that can be merged."""
