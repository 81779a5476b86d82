"""Entry point of `python -m merge`: the merge commands without the rest of pincite."""

from merge.cli import app

app(prog_name="python -m merge")
