"""Export: a tuned model as one file that runs without this package."""
