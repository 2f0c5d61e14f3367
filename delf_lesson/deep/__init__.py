"""Networks: DELF, whole-image descriptors and LIFT, with their weights; imports torch."""
