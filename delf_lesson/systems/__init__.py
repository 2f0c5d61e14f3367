"""The systems of the lecture's table, as data: what they are made of, and their names."""
