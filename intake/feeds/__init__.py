"""The web doors for the hospital's systems: FHIR, JSON, SOAP. Keeps what comes and answers; works on none."""
