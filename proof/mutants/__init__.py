"""Mutants: the reference server with one bug each, which the suite must catch and call by its name.

`patch` says what a mutant is and builds it, `run` holds the suite on one, `matrix` shows what came of them, and
`catalogue` names them all; the other modules hold the mutants themselves, one a section of the requirements.
"""
