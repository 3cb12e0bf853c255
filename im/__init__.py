"""Group chat: rooms, members, messages, read marks; knows nothing of tickets."""
