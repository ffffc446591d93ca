"""Benchmarks that anyone can run; what they measure is printed, never asserted."""
