"""Files made from the facts of outputs: what is told of them, and how they get to their paths."""
