"""Patients, visits, records, flags, the timeline; never a case or a ticket."""
