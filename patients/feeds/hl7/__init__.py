"""HL7 v2 messages: cut into fields, and brought into our own form by a mapping. Answers none (`intake.hl7` does)."""
