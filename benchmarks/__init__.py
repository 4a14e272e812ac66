"""Measurements: ``python -m benchmarks`` prints one JSON object a line, and notes to standard error.

Every module here with a ``main`` is one measurement; its arguments are names of modules to run, all by default.
"""
