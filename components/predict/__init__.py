"""Predict: what a tuned model says of windows or recordings, a row a window."""
