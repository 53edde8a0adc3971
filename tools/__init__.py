"""Programs that run, check and break the course; they are not installed with `course_utils`."""
