"""`pincite model`: the language model that writes answers."""

from pathlib import Path
from typing import Annotated

import typer

from webapp.cli.execution import AsJson, run_command

model = typer.Typer(help="List, fetch, choose and test the language model that writes answers.", no_args_is_help=True)
ModelName = Annotated[str, typer.Argument(help="Name of a model, as `list` has it.", show_default=False)]


@model.command("list")
def model_list(as_json: AsJson = False) -> None:
    """List the language models of this machine, the one in use, and those that can be fetched.

    Servers are looked for on this machine alone: Ollama, LM Studio, llama.cpp and vLLM at their usual ports. Files are
    those of PINCITE_MODELS_DIR.
    """
    from webapp.service.model_commands import ListModels

    run_command(ListModels(), as_json)


@model.command("get")
def model_get(name: ModelName, as_json: AsJson = False) -> None:
    """Fetch a model of a fixed list from the Hugging Face hub, and compare its SHA-256.

    What breaks off goes on where it stopped. The model is used after `pincite model use`.
    """
    from webapp.service.model_commands import FetchModel

    run_command(FetchModel(name), as_json)


@model.command("use")
def model_use(
    name: Annotated[
        str, typer.Argument(help="Name of a model, path of a GGUF file, or none for no model.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Choose the language model that writes answers, from now on and after the next start.

    PINCITE_LLM_URL and PINCITE_LLM_FILE come before the choice.
    """
    from webapp.service.model_commands import UseModel

    run_command(UseModel(_model_name(name)), as_json)


@model.command("test")
def model_test(
    name: Annotated[
        str, typer.Argument(help="Name of a model, or path of a GGUF file; without it, the one in use.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Ask a language model a sample question: its window, its answer, and the seconds that it takes.

    The passage is one of ours; no document is sent.
    """
    from webapp.service.model_commands import TestModel

    run_command(TestModel(_model_name(name)), as_json)


def _model_name(name: str) -> str:
    """The name of a model; a path is made whole, since a server has another folder."""
    return str(Path(name).absolute()) if name and (name.endswith(".gguf") and Path(name).is_file()) else name
