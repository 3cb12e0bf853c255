"""Plans that reach out: whom, when, by which ladder, what came of it; never words a question."""
