"""The outside systems' own protocols for demonstration and tests; imports nothing of ours."""
