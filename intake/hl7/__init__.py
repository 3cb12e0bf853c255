"""The door for HL7 v2 over MLLP: keeps each message and answers it as the standard means it; reads none (`patients.feeds`)."""
