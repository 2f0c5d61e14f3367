"""Dense CNN features, attention and training; nearly everything here imports torch."""
