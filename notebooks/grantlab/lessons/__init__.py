"""The exercises of the lessons: `lesson_03` holds those of `03_pkce.ipynb`."""
