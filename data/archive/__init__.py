"""The kept past: older events in Parquet files, written from the change stream and read back together with it.

pyarrow and duckdb are imported inside functions only: who never looks back does not pay for them.
"""
