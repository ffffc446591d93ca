"""Choosing among candidates, and asking for others: `pick` and `reroll`, from a name to an edit of the manifest."""
