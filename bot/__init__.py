"""WeCom: what a person types or presses becomes one action and one line back; never a rule of its own."""
