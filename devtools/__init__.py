"""What a developer's commands (make run, setup, check) stand on; never imported by the product."""
