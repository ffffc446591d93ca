"""Doing what the plan decided: calls, limits, renditions."""
