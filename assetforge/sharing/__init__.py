"""The remote that a project shares: which one it is, whether it may be used, and what it has."""
