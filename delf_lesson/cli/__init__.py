"""The command `delf-lesson`. Its modules print; nothing else does."""
