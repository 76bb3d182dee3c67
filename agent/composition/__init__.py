"""Questions that are made of questions: nested, compared, side by side."""
