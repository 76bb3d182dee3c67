"""Evaluation: questions with the answers they should get, asked of the agent and judged.

A file is read (`questions`), each question is asked (`running`) and its answer judged (`judging`, with `said` and `names` for figures and
names in other words); `figures` counts, `report` and `readme_block` show, and `ablations` repeats the run with parts of the agent taken away.
"""
