"""Who draws: the rules of models, the Images API, and the built-in draft."""
