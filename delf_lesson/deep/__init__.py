"""Dense CNN features, attention and training; everything here imports torch."""
