"""Makes a dataset in the flat layout out of recordings; see docs/convert.md."""
