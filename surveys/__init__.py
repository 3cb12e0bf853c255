"""What is asked, what was answered, what it scores; sends nothing."""
