"""Fonts that come with this package, and where they are."""
