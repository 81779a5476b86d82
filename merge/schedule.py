"""Schedule of a recipe: the share of each parent in a tensor, by the tensor's name and layer.

mergekit's own code interprets the YAML (filters as substrings, first match, lists as gradients over the layers, slice
before file). The position on a gradient is i/(L-1) for layer i of L, 1 for a single layer, and 0 for tensors outside
the layers.
"""

from dataclasses import dataclass
from typing import Any

from merge.architecture import layer_of
from merge.errors import MissingRecipeKey
from merge.recipe import Recipe


@dataclass(frozen=True)
class Share:
    """Share of the other model in a tensor: `t` for slerp; for linear `weights` (base,
    other) and `divisor` of the sum, `t` = the other's part.
    """

    t: float
    weights: tuple[float, float] | None = None
    divisor: float = 1.0


class Schedule:
    """Shares of the tensors of a model with `layers` layers."""

    def __init__(self, recipe: Recipe, layers: int) -> None:
        # Imported here, as mergekit imports transformers and much else.
        from mergekit import merge_methods
        from mergekit.common import ModelReference
        from mergekit.config import ConfigReader, MergeConfiguration

        self._recipe, self._layers = recipe, layers
        self._method = merge_methods.get(recipe.method)
        config = MergeConfiguration.model_validate(recipe.data | {"slices": [_slice(recipe, layers)]})
        self._reader = ConfigReader(config=config, t=0, slice_out=config.slices[0])
        self._base = ModelReference.model_validate(recipe.base)
        self._other = ModelReference.model_validate(recipe.other)

    def share(self, tensor: str) -> Share:
        """The share of one tensor. Raises MissingRecipeKey if no rule matches it, or its weights add up to 0."""
        from mergekit.parameter_resolver import resolve_parameters

        try:
            shared, per_model = resolve_parameters(
                self._method.spec,
                tensor_name=tensor,
                inputs={self._base: tensor, self._other: tensor},
                sources=self._reader.parameter_sources,
                base_model=self._base,
                t=self._position(tensor),
            )
        except RuntimeError as error:
            key = "t" if self._recipe.method == "slerp" else "weight"
            why = f"No rule matches {tensor}; end the list with an entry that has only `value`."
            raise MissingRecipeKey(path=self._recipe.path, line=1, key=key, why=why) from error
        if self._recipe.method == "slerp":
            return Share(float(shared["t"]))
        base, other = (float(per_model[model]["weight"]) for model in (self._base, self._other))
        total = base + other
        if shared["normalize"] and total == 0:
            why = f"The two weights of {tensor} add up to 0; use others or normalize: false."
            raise MissingRecipeKey(path=self._recipe.path, line=1, key="weight", why=why)
        return Share(other / total if total else 0.0, (base, other), total if shared["normalize"] else 1.0)

    def _position(self, tensor: str) -> float:
        layer = layer_of(tensor)
        if layer is None:
            return 0.0
        return layer / (self._layers - 1) if self._layers > 1 else 1.0


def _slice(recipe: Recipe, layers: int) -> dict[str, Any]:
    slice_ = dict(recipe.data["slices"][0])
    entries = {entry["model"]: entry for entry in slice_["sources"]}
    slice_["sources"] = [
        {**entries.get(model, {"model": model}), "layer_range": [0, layers]} for model in (recipe.base, recipe.other)
    ]
    return slice_
