"""The card bridge that stands beside a kiosk: a small server on the terminal itself that reads cards and signs them."""
