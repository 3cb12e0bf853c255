"""WeCom as an application sees it: the API, the callbacks, the application groups and the bot's line."""
