"""What decides which region users reach: the latch, and the paths that it holds or does not hold."""
