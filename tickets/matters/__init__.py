"""One matter, many voices: likeness proposed, joined by a person, merged and split by pointers; moves no content."""
