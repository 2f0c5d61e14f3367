"""What a teacher needs: the release for students, and grading what they hand in."""
