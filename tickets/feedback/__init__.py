"""Feedback cases: what patients tell the hospital itself, registered at a desk, on the phone or by the patient."""
