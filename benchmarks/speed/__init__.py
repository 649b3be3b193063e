"""How fast Biotune is, beside the best that the same machine can do: `make bench`."""
