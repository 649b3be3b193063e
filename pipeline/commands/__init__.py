"""The commands of `biotune`, a module each: its options, and what it calls."""
