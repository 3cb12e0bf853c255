"""Staff, organisation, roles, log-in, data scope, dictionaries; never patients."""
