"""Classical keypoints and descriptors; nothing here imports torch."""
