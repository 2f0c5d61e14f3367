"""What notebooks show: the figures."""
