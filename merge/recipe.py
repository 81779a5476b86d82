"""Validation of recipes (mergekit YAML): every key is checked, so that a mistake is an error with a line number.

mergekit ignores unknown keys, and merges another model than was meant. Here every key is either supported, or refused
by name and line. mergekit itself interprets the values (filters, gradients, precedence): see schedule.py.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from merge.errors import BadRecipeValue, MissingRecipeKey, UnknownKey, UnreadableRecipe, UnsupportedFeature

METHODS = ("slerp", "linear")
DTYPES = ("bfloat16", "float16", "float32")

# Supported keys by level of the file, and keys of mergekit that are refused.
SUPPORTED = {
    "top": {"merge_method", "base_model", "slices", "models", "parameters", "dtype", "out_dtype", "tokenizer_source"},
    "slice": {"sources", "parameters"},
    "source": {"model", "layer_range", "parameters"},
    "model": {"model", "parameters"},
}
REFUSED = {
    "top": {"modules", "tokenizer", "chat_template"},
    "slice": {"base_model", "residual_weight"},
    "source": set[str](),
    "model": set[str](),
}
PARAMETERS = {"slerp": {"t"}, "linear": {"weight", "normalize"}}
# Parameters that mergekit reads from the entry of one model; a `t` there would be ignored.
SOURCE_PARAMETERS = {"slerp": set[str](), "linear": {"weight"}}


@dataclass(frozen=True)
class Recipe:
    """A valid recipe: two parents and how to merge them.

    `data` is the parsed YAML in the `slices` form, `text` the bytes of the file. `base` and `other` are folders or hub
    ids (`owner/name` or `owner/name@revision`). `layers` is the layer count given in line `layers_line`, or None.
    """

    path: Path
    text: bytes
    data: dict[str, Any]
    method: str
    base: str
    other: str
    dtype: str
    layers: int | None
    layers_line: int


def read_recipe(path: Path) -> Recipe:
    """Read and validate a recipe. Raises a RecipeError that names the key and the line."""
    try:
        text = path.read_bytes()
        root = yaml.compose(text.decode("utf-8"), Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableRecipe(path=path, reason=getattr(error, "strerror", None) or "it is not UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise UnreadableRecipe(path=path, reason=f"{where}{getattr(error, 'problem', 'it is not YAML')}") from error
    if not isinstance(data, dict) or root is None:
        raise UnreadableRecipe(path=path, reason="it has no keys")
    return _Reader(path, text, root, data).recipe()


class _Reader:
    """Validator of one file: walks the parsed values; the YAML nodes give the line numbers."""

    def __init__(self, path: Path, text: bytes, root: yaml.Node, data: dict[str, Any]) -> None:
        self.path, self.text, self.root, self.data = path, text, root, data

    def recipe(self) -> Recipe:
        data = self.data
        self._check_keys((), data, "top")
        method = self._required((), data, "merge_method", f"One of {', '.join(METHODS)}.")
        if method not in METHODS:
            raise self._unsupported(("merge_method",), method, f"Supported are {' and '.join(METHODS)}.")
        dtype = self._required((), data, "dtype", f"One of {', '.join(DTYPES)}; parents are cast to it before merging.")
        if dtype not in DTYPES:
            raise self._bad(("dtype",), dtype, f"One of {', '.join(DTYPES)}.")
        if data.get("out_dtype", "bfloat16") != "bfloat16":
            raise self._unsupported(("out_dtype",), data["out_dtype"], "Tensors that are not FP8 are bfloat16.")
        if data.get("tokenizer_source", "base") != "base":
            supported = "The base model's tokenizer is copied unchanged; omit the key or write base."
            raise self._unsupported(("tokenizer_source",), data["tokenizer_source"], supported)
        models, layers, slice_ = self._sources()
        self._check_parameters(("parameters",), data.get("parameters"), PARAMETERS[method])
        base, other = self._base_and_other(models, method)
        normal = {key: value for key, value in data.items() if key not in ("models", "slices", "tokenizer_source")}
        normal["base_model"], normal["slices"] = base, [slice_]
        line = self._line(("slices", 0, "sources", 0, "layer_range"))
        return Recipe(self.path, self.text, normal, method, base, other, dtype, layers, line)

    def _sources(self) -> tuple[list[str], int | None, dict[str, Any]]:
        """The two models in file order, the layer count, and the one slice that covers all layers."""
        if ("slices" in self.data) == ("models" in self.data):
            raise MissingRecipeKey(
                path=self.path, line=1, key="slices or models", why="Write one of the two, with both parents."
            )
        if "models" in self.data:
            return self._list(("models",), self.data["models"], "model")
        slices = self.data["slices"]
        if not isinstance(slices, list) or not slices or not isinstance(slices[0], dict):
            raise self._bad(("slices",), slices, "Expected: a list with one slice that has `sources`.")
        if len(slices) != 1:
            raise self._unsupported(("slices",), f"{len(slices)} slices", "Write one slice over all layers.")
        self._check_keys(("slices", 0), slices[0], "slice")
        sources = self._required(("slices", 0), slices[0], "sources", "Name the two models and their layer_range.")
        models, layers, slice_ = self._list(("slices", 0, "sources"), sources, "source")
        allowed = PARAMETERS[self.data["merge_method"]]
        self._check_parameters(("slices", 0, "parameters"), slices[0].get("parameters"), allowed)
        return models, layers, slice_ | {"parameters": slices[0].get("parameters")}

    def _list(self, where: tuple[Any, ...], entries: Any, level: str) -> tuple[list[str], int | None, dict[str, Any]]:
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._bad(where, entries, "A list of entries with `model`.")
        ranges: list[list[int]] = []
        for i, entry in enumerate(entries):
            self._check_keys((*where, i), entry, level)
            model = self._required((*where, i), entry, "model", "A folder or a hub id.")
            if not isinstance(model, str) or model.count("@") > 1:
                raise self._bad((*where, i, "model"), model, "A folder, owner/name or owner/name@revision.")
            if "+" in model and not Path(model).exists():
                raise self._unsupported((*where, i, "model"), model, "A LoRA must be merged into its model first.")
            allowed = SOURCE_PARAMETERS[self.data["merge_method"]]
            self._check_parameters((*where, i, "parameters"), entry.get("parameters"), allowed)
            if level == "source":
                ranges.append(self._layer_range((*where, i), entry))
        if ranges and any(range_ != ranges[0] for range_ in ranges):
            raise self._unsupported((*where, 1, "layer_range"), ranges[1], "Both sources must cover the same layers.")
        return [e["model"] for e in entries], ranges[0][1] if ranges else None, {"sources": entries}

    def _layer_range(self, where: tuple[Any, ...], entry: dict[str, Any]) -> list[int]:
        value = self._required(where, entry, "layer_range", "For all 32 layers of a 7B model: [0, 32].")
        if not (isinstance(value, list) and len(value) == 2 and all(isinstance(n, int) for n in value)):
            raise self._bad((*where, "layer_range"), value, "Two whole numbers, such as [0, 32].")
        if value[0] != 0 or value[1] < 1:
            raise self._unsupported((*where, "layer_range"), value, "All layers are merged: [0, number of layers].")
        return value

    def _base_and_other(self, models: list[str], method: str) -> tuple[str, str]:
        key = "slices" if "slices" in self.data else "models"
        names = list(dict.fromkeys(models))
        base = self.data.get("base_model", None if method == "slerp" else names[0])
        if base is None:
            raise MissingRecipeKey(
                path=self.path,
                line=1,
                key="base_model",
                why="For slerp, t = 0 is the base model and t = 1 the other.",
            )
        if key == "models" and method == "slerp" and base not in names:
            names.append(base)  # as mergekit does
        if len(names) != 2 or len(models) > 2:
            raise self._unsupported((key,), f"{len(names)} different models", "A merge has two different models.")
        if base not in names:
            raise self._bad(("base_model",), base, f"One of the two models: {names[0]} or {names[1]}.")
        return base, next(name for name in names if name != base)

    def _check_keys(self, where: tuple[Any, ...], entry: dict[str, Any], level: str) -> None:
        for key in entry:
            if key in REFUSED[level]:
                supported = f"Supported here: {', '.join(sorted(SUPPORTED[level]))}."
                raise self._unsupported((*where, key), "…", supported)
            if key not in SUPPORTED[level]:
                line = self._line((*where, key))
                raise UnknownKey(path=self.path, line=line, key=key, known=", ".join(sorted(SUPPORTED[level])))

    def _check_parameters(self, where: tuple[Any, ...], parameters: Any, allowed: set[str]) -> None:
        if parameters is None:
            return
        known = ", ".join(sorted(allowed)) or "nothing; write it at the top or in the slice"
        if not isinstance(parameters, dict):
            raise self._bad(where, parameters, f"Supported here: {known}.")
        for key, setting in parameters.items():
            if key not in allowed:
                raise UnknownKey(path=self.path, line=self._line((*where, key)), key=key, known=known)
            if not _is_setting(setting):
                expected = "A number, a list of numbers, or a list of entries with `filter` and `value`."
                raise self._bad((*where, key), setting, expected)

    def _required(self, where: tuple[Any, ...], entry: dict[str, Any], key: str, why: str) -> Any:
        if entry.get(key) is None:
            raise MissingRecipeKey(path=self.path, line=self._line(where), key=key, why=why)
        return entry[key]

    def _bad(self, where: tuple[Any, ...], value: Any, expected: str) -> BadRecipeValue:
        return BadRecipeValue(path=self.path, line=self._line(where), key=where[-1], value=value, expected=expected)

    def _unsupported(self, where: tuple[Any, ...], value: Any, supported: str) -> UnsupportedFeature:
        line = self._line(where)
        return UnsupportedFeature(path=self.path, line=line, key=where[-1], value=value, supported=supported)

    def _line(self, where: tuple[Any, ...]) -> int:
        """The 1-based line of the key or list entry at `where`, or of the nearest one that encloses it."""
        node, line = self.root, self.root.start_mark.line
        for step in where:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return line + 1


def _is_number(value: Any) -> bool:
    """Whether a value is a number, or a string of one: YAML reads 1e-3 as a string, mergekit as a number."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return isinstance(value, int | float)


def _is_setting(setting: Any) -> bool:
    if isinstance(setting, dict):
        return set(setting) <= {"filter", "value"} and "value" in setting and _is_setting(setting["value"])
    if isinstance(setting, list) and setting:
        return all(_is_number(e) for e in setting) or all(isinstance(e, dict) and _is_setting(e) for e in setting)
    return _is_number(setting)
