"""Everything that can go wrong between two checkpoints and one served model.

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

`str(error)` is the sentence the user reads; `error.hint` says what to do about it. Values go in by name.
"""

from typing import ClassVar


class MergeError(Exception):
    """The root of the tree. A subclass holds its sentence and its hint as format strings."""

    sentence: ClassVar[str] = "The merge failed."
    hint_text: ClassVar[str] = ""

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence.format(**values))

    @property
    def hint(self) -> str:
        """What the user can do about it."""
        return self.hint_text.format(**self.values)


class RecipeError(MergeError):
    """The recipe cannot be followed."""


class UnreadableRecipe(RecipeError):
    """The file is not there or is not YAML."""

    sentence = "The recipe {path} cannot be read: {reason}."
    hint_text = "A recipe is a mergekit YAML file; merge/recipes/ holds one to start from."


class UnknownKey(RecipeError):
    """A key that mergekit does not have either."""

    sentence = "{path}, line {line}: there is no key “{key}” here."
    hint_text = "Known here: {known}."


class MissingRecipeKey(RecipeError):
    """A key that a merge needs."""

    sentence = "{path}, line {line}: “{key}” is missing."
    hint_text = "{why}"


class BadRecipeValue(RecipeError):
    """A known key with a value that means nothing."""

    sentence = "{path}, line {line}: “{key}” cannot be {value}."
    hint_text = "{expected}"


class UnsupportedFeature(RecipeError):
    """Something mergekit can do and this build cannot."""

    sentence = "{path}, line {line}: “{key}: {value}” is not supported."
    hint_text = "{supported}"


class CheckpointError(MergeError):
    """A source checkpoint cannot be used."""


class NoCheckpoint(CheckpointError):
    """The name is neither a folder nor a hub id."""

    sentence = "There is no model at {ref}."
    hint_text = "Give a folder that holds config.json and safetensors files, or a hub id such as owner/name@revision."


class NoConfig(CheckpointError):
    """A folder without a usable config.json."""

    sentence = "{folder} has no usable config.json: {reason}."
    hint_text = "Copy config.json from the model's repository."


class NoWeights(CheckpointError):
    """A folder without safetensors files."""

    sentence = "{folder} holds no safetensors weights."
    hint_text = "Only safetensors is read, never pickled .bin files; convert the checkpoint first."


class MissingShard(CheckpointError):
    """The index names a file that is not there."""

    sentence = "{folder} lacks {shard}, which its index names."
    hint_text = "The download is incomplete: fetch that file again."


class DamagedShard(CheckpointError):
    """A safetensors file whose header or length is wrong."""

    sentence = "{shard} is damaged: {reason}."
    hint_text = "Fetch that file again and compare its size and SHA-256 with the repository's."


class MissingTensor(CheckpointError):
    """A tensor that config.json calls for is not in the weights."""

    sentence = "{folder} has no tensor {tensor}, which its config.json calls for."
    hint_text = "The weights and config.json do not belong together, or a shard is missing from the index."


class UnexpectedTensor(CheckpointError):
    """A tensor that the architecture does not have."""

    sentence = "{folder} holds {tensor}, which is no part of {architecture}."
    hint_text = "Adapters, added heads and mixtures of experts are not merged; merge them into plain weights first."


class UnsupportedDtype(CheckpointError):
    """Weights that are quantised already or not floating point."""

    sentence = "{tensor} in {folder} is {dtype}; sources must be F32, F16 or BF16."
    hint_text = "Merge the original, unquantised checkpoints."


class NotFiniteWeights(CheckpointError):
    """NaN or infinity in a parent, which no merge can mend."""

    sentence = "{tensor} holds values that are not finite in {base} or {other}."
    hint_text = "Fetch the checkpoint again; if it still does, it cannot be merged."


class UnsupportedModel(CheckpointError):
    """An architecture outside the family, or a variant of it that is not known."""

    sentence = "{folder}/config.json: “{key}: {value}” is not supported."
    hint_text = "Supported are {supported}."


class ParentsDiffer(MergeError):
    """The two models cannot be merged with each other."""

    sentence = "The models differ in {key}: {base} in {base_folder}, {other} in {other_folder}."
    hint_text = "Both parents must have one architecture and the same sizes."


class ShapesDiffer(ParentsDiffer):
    """A tensor of another shape than config.json gives it."""

    sentence = "{tensor} is {found} in {folder}, but its config.json makes it {expected}."
    hint_text = "Both parents must have one architecture and the same sizes."


class VocabulariesDiffer(ParentsDiffer):
    """Row i of one embedding is another word than row i of the other."""

    sentence = "The models have different vocabularies: {difference}."
    hint_text = "Rows of the embeddings are merged by number, so both parents must share one tokenizer."


class TiedHeadLosesWeights(ParentsDiffer):
    """The base ties its head, the other has one of its own, which would be lost."""

    sentence = "{base_folder} ties lm_head to its embeddings and {other_folder} does not."
    hint_text = "Make the model with its own lm_head the base, or tie both."


class HubError(MergeError):
    """The hub did not give the files."""

    sentence = "{repo} could not be fetched: {reason}."
    hint_text = "Try again, or download the model yourself and name its folder in the recipe."


class GatedModel(HubError):
    """The model is there for those who accepted its terms."""

    sentence = "{repo} is gated and this account may not read it."
    hint_text = "Accept its terms on its page on the hub, then log in with `hf auth login` or set HF_TOKEN."


class NoSuchModel(HubError):
    """No such repository, or a private one."""

    sentence = "There is no model {repo} on the hub, or it is private."
    hint_text = "Check the name; for a private model log in with `hf auth login` or set HF_TOKEN."


class NoSuchRevision(HubError):
    """The repository has no such commit, tag or branch."""

    sentence = "{repo} has no revision {revision}."
    hint_text = "Copy the commit from the model's “Files and versions” page."


class HubUnreachable(HubError):
    """No network, or offline mode without the files in the cache."""

    sentence = "The hub cannot be reached and {repo} is not in the local cache."
    hint_text = "Connect, or download the model elsewhere and name its folder in the recipe."


class NoSpace(MergeError):
    """Less room on the disk than the build needs."""

    sentence = "{where} has {free:.1f} GB free; {what} needs {need:.1f} GB."
    hint_text = "Free some space, or choose a folder on another disk."


class OutputExists(MergeError):
    """A finished build is never overwritten."""

    sentence = "{out} is there already."
    hint_text = "Choose another name, or delete it first."


class BuildBusy(MergeError):
    """Another process builds the same folder."""

    sentence = "Another build is writing {out}."
    hint_text = "Wait until it has finished, or choose another name."


class VerificationFailed(MergeError):
    """What was written is not what the recipe says; it keeps its .partial name."""

    sentence = "The build is wrong, first fault: {first}"
    hint_text = "It stays under {partial} ({count} faults); delete that folder to build anew."


class NoServableTemplate(MergeError):
    """A chat template that refuses a system message, in a format this build does not know."""

    sentence = "The chat template of {folder} refuses a system message and is not Mistral's [INST] format: {reason}."
    hint_text = "Put a template that accepts one into that folder's tokenizer_config.json."


class NoSentencePiece(MergeError):
    """A GGUF holds its vocabulary, which is read from tokenizer.model."""

    sentence = "{folder} has no tokenizer.model, from which a GGUF takes its vocabulary."
    hint_text = "Copy tokenizer.model from the model's repository, or build without --format gguf."


class NotForGguf(MergeError):
    """A model that the GGUF writer does not know."""

    sentence = "A GGUF of this model cannot be written: {reason}."
    hint_text = "Build with --format fp8 or bf16, or convert the bf16 folder with llama.cpp's own script."


class NotABuild(MergeError):
    """`verify` was given something else."""

    sentence = "{folder} is not a finished build: {reason}."
    hint_text = "Give the folder that `pincite merge build` made."
