"""Classification metrics: exact, in float64, each a number or left undefined with a reason."""
