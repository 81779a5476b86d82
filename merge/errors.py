"""Errors of merging, in one tree under MergeError, each class with a sentence and a hint.

    MergeError
    ├── RecipeError
    │   ├── UnreadableRecipe    BadRecipeValue      MissingRecipeKey
    │   └── UnknownKey          UnsupportedFeature
    ├── CheckpointError
    │   ├── NoCheckpoint        NoConfig            NoWeights
    │   ├── MissingShard        DamagedShard        MissingTensor
    │   ├── UnexpectedTensor    UnsupportedDtype    NotFiniteWeights
    │   └── UnsupportedModel
    ├── ParentsDiffer
    │   └── ShapesDiffer        VocabulariesDiffer  TiedHeadLosesWeights
    ├── HubError
    │   └── GatedModel          NoSuchModel         NoSuchRevision      HubUnreachable
    ├── NoSpace                 OutputExists        BuildBusy           VerificationFailed
    ├── NoServableTemplate      NoSentencePiece     NotForGguf
    └── NotABuild

`str(error)` is the sentence for the user, `error.hint` what to do about it. Values are passed by name.
"""

from typing import ClassVar


class MergeError(Exception):
    """Root of the tree. A subclass has its sentence and its hint as format strings."""

    sentence: ClassVar[str] = "The merge failed."
    hint_text: ClassVar[str] = ""

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence.format(**values))

    @property
    def hint(self) -> str:
        """What the user can do about it; may be empty."""
        return self.hint_text.format(**self.values)


class RecipeError(MergeError):
    """The recipe cannot be used."""


class UnreadableRecipe(RecipeError):
    """The file does not exist or is not YAML."""

    sentence = "The recipe {path} cannot be read: {reason}."
    hint_text = "A recipe is a mergekit YAML file; merge/recipes/ has one to start from."


class UnknownKey(RecipeError):
    """A key that mergekit does not have either."""

    sentence = "{path}, line {line}: “{key}” is not a key here."
    hint_text = "Supported here: {known}."


class MissingRecipeKey(RecipeError):
    """A key that the merge requires is missing."""

    sentence = "{path}, line {line}: “{key}” is missing."
    hint_text = "{why}"


class BadRecipeValue(RecipeError):
    """A known key with an invalid value."""

    sentence = "{path}, line {line}: “{key}” cannot be {value}."
    hint_text = "{expected}"


class UnsupportedFeature(RecipeError):
    """A feature of mergekit that this build does not support."""

    sentence = "{path}, line {line}: “{key}: {value}” is not supported."
    hint_text = "{supported}"


class CheckpointError(MergeError):
    """A source checkpoint cannot be used."""


class NoCheckpoint(CheckpointError):
    """The name is neither a folder nor a hub id."""

    sentence = "There is no model at {ref}."
    hint_text = "Enter a folder with config.json and safetensors files, or a hub id such as owner/name@revision."


class NoConfig(CheckpointError):
    """A folder without a usable config.json."""

    sentence = "{folder} has no usable config.json: {reason}."
    hint_text = "Copy config.json from the model's repository."


class NoWeights(CheckpointError):
    """A folder without safetensors files."""

    sentence = "{folder} has no safetensors weights."
    hint_text = "Only safetensors files are read, not pickled .bin files; convert the checkpoint first."


class MissingShard(CheckpointError):
    """The index lists a file that does not exist."""

    sentence = "{shard} is missing in {folder}, and its index lists it."
    hint_text = "The download is incomplete: download that file again."


class DamagedShard(CheckpointError):
    """A safetensors file with an invalid header or length."""

    sentence = "{shard} is damaged: {reason}."
    hint_text = "Download that file again, and compare its size and SHA-256 with the repository's."


class MissingTensor(CheckpointError):
    """The weights lack a tensor that config.json requires."""

    sentence = "{folder} has no tensor {tensor}, which its config.json requires."
    hint_text = "The weights and config.json do not belong together, or a shard is missing from the index."


class UnexpectedTensor(CheckpointError):
    """A tensor that the architecture does not have."""

    sentence = "{folder} has a tensor {tensor}, which is not part of {architecture}."
    hint_text = "Adapters, added heads and mixtures of experts are not supported; merge them into plain weights first."


class UnsupportedDtype(CheckpointError):
    """Weights that are quantised or not floating point."""

    sentence = "{tensor} in {folder} is {dtype}; sources must be F32, F16 or BF16."
    hint_text = "Merge the original, unquantised checkpoints."


class NotFiniteWeights(CheckpointError):
    """A parent has NaN or infinity."""

    sentence = "{tensor} has values that are not finite, in {base} or {other}."
    hint_text = "Download the checkpoints again; if the values are still not finite, they cannot be merged."


class UnsupportedModel(CheckpointError):
    """An architecture, or a variant of one, that is not supported."""

    sentence = "{folder}/config.json: “{key}: {value}” is not supported."
    hint_text = "Supported: {supported}."


class ParentsDiffer(MergeError):
    """The two models cannot be merged with each other."""

    sentence = "The models differ in {key}: {base} in {base_folder}, {other} in {other_folder}."
    hint_text = "Both models must have the same architecture and sizes."


class ShapesDiffer(ParentsDiffer):
    """A tensor's shape differs from the one that config.json gives."""

    sentence = "{tensor} is {found} in {folder}, and must be {expected} by its config.json."
    hint_text = "Both models must have the same architecture and sizes."


class VocabulariesDiffer(ParentsDiffer):
    """The same row of the two embeddings is not the same token."""

    sentence = "The models have different vocabularies: {difference}."
    hint_text = "Embeddings are merged row by row, so both models must have the same tokenizer."


class TiedHeadLosesWeights(ParentsDiffer):
    """The base ties lm_head to its embeddings; the other's own lm_head would be lost."""

    sentence = "{base_folder} ties lm_head to its embeddings and {other_folder} does not."
    hint_text = "Make the model with its own lm_head the base, or tie both."


class HubError(MergeError):
    """The hub did not provide the files."""

    sentence = "{repo} could not be downloaded: {reason}."
    hint_text = "Try again, or download the model yourself and enter its folder in the recipe."


class GatedModel(HubError):
    """The model is available only to accounts that accepted its terms."""

    sentence = "{repo} is gated, and this account has no access."
    hint_text = "Accept its terms on its page on the hub, then log in with `hf auth login` or set HF_TOKEN."


class NoSuchModel(HubError):
    """The repository does not exist, or is private."""

    sentence = "There is no model {repo} on the hub, or it is private."
    hint_text = "Check the name. For a private model, log in with `hf auth login` or set HF_TOKEN."


class NoSuchRevision(HubError):
    """The repository has no such commit, tag or branch."""

    sentence = "{repo} has no revision {revision}."
    hint_text = "Copy the commit from the model's “Files and versions” page."


class HubUnreachable(HubError):
    """No network, or offline mode without the files in the cache."""

    sentence = "The hub cannot be reached and {repo} is not in the local cache."
    hint_text = "Connect to the network, or download the model elsewhere and enter its folder in the recipe."


class NoSpace(MergeError):
    """Less free disk space than the build needs."""

    sentence = "{where} has {free:.1f} GB free; {what} needs {need:.1f} GB."
    hint_text = "Free some space, or choose a folder on another disk."


class OutputExists(MergeError):
    """The output folder exists; a finished build is never overwritten."""

    sentence = "{out} exists already."
    hint_text = "Choose another name, or delete it first."


class BuildBusy(MergeError):
    """Another process is building the same folder."""

    sentence = "Another build is writing {out}."
    hint_text = "Wait until it has finished, or choose another name."


class VerificationFailed(MergeError):
    """The output differs from the recipe; it keeps its name with .partial."""

    sentence = "The build failed verification. First fault: {first}"
    hint_text = "The files are in {partial} ({count} faults); delete that folder to build again."


class NoServableTemplate(MergeError):
    """A chat template that refuses a system message, in a format that cannot be replaced."""

    sentence = "The chat template of {folder} refuses a system message, and is not Mistral's [INST] format: {reason}."
    hint_text = "Write a template that accepts one into the tokenizer_config.json of that folder."


class NoSentencePiece(MergeError):
    """A GGUF needs the vocabulary in tokenizer.model, which does not exist."""

    sentence = "{folder} has no tokenizer.model, which the vocabulary of a GGUF is read from."
    hint_text = "Copy tokenizer.model from the model's repository, or build without --format gguf."


class NotForGguf(MergeError):
    """A model that the GGUF writer does not support."""

    sentence = "This model cannot be written as GGUF: {reason}."
    hint_text = "Build with --format fp8 or bf16, or convert the bf16 folder with llama.cpp's script."


class NotABuild(MergeError):
    """A folder that is not a finished build."""

    sentence = "{folder} is not a finished build: {reason}."
    hint_text = "Enter the folder that `pincite merge build` created."
