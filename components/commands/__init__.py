"""Commands that `biotune` and `python -m components` share: one module each."""
