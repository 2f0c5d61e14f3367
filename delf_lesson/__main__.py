"""`python -m delf_lesson` is the command `delf-lesson`."""

from delf_lesson.cli.main import main

main()
