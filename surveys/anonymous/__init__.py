"""Anonymous questionnaires (staff survey, mutual evaluation): rounds, taking part, counters. Never keeps who said what."""
