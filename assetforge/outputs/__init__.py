"""Files in the user's repository: who owns them, the lock, and what the last clean build saw."""
