"""Staff pages: home, lists, drawers, designers, settings; never writes but through actions."""
