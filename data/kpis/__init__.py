"""KPI definitions. Each plain module here declares `KPIS`, a tuple of `Kpi`."""
