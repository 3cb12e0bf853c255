"""The only door to rows of this package, with data scope: an id from a person is fetched here and nowhere else."""
