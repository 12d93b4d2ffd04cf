"""The cost of the first call by phase, with empty and full caches, each in its own process."""
