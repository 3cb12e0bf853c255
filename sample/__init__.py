"""The sample hospital: synthetic people, patients and cases to try the product with; never part of a real one.

`seed` and `is_empty` are the way in; `sample.logins` and `sample.cast` say who is there.
"""

from sample.hospital import is_empty, seed

__all__ = ["is_empty", "seed"]
