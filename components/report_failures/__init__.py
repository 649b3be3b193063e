"""Report-failures: what went wrong in a run, gathered from the records that its steps left."""
