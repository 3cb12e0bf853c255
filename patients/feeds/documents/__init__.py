"""Messages that are trees (FHIR, JSON, SOAP, rows of a view): one way to find values in them, one form of mapping."""
