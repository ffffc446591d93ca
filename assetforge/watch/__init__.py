"""Builds when something changes that a build has read."""
