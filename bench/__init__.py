"""Benchmarks: each module's `run()` answers rows of (name, value, unit); changes nothing but its own database."""
