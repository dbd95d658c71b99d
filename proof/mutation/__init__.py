"""Machine-made mutants of the reference server, and which of them the suite lets live: `python -m proof.mutation`."""
