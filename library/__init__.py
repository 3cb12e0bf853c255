"""Courses, diseases, drugs, scripts, message texts as versioned content; sends nothing."""
