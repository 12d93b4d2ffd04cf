"""What the first call costs, phase by phase, with empty caches and with full ones: a process for each."""
