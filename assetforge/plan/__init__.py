"""Actions, their keys, what is decided of them and what that costs; pure: no I/O, no clock."""
