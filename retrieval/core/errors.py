"""Errors of the package: what can go wrong between a file and its ranked passages.

    PinciteError
    ├── NoSuchMatter            MatterExists
    ├── NoSuchDocument          DocumentNotReady   NoSuchText
    ├── UnreadableFile
    │   ├── UnsupportedFormat   EmptyFile          DamagedFile
    │   ├── EncryptedFile       NoPages            ConverterCrashed
    │   ├── FileTooLarge        TooManyPages       TooMuchText
    │   ├── MatterFull          TooMuchMemory      OriginalMissing
    │   ├── PageTooSlow         DocumentTooSlow    TooManyLines
    │   ├── UnknownEncoding     TooDeep            DynamicForm
    │   ├── NoneRead
    │   │   └── NotAllRead
    │   └── ImageTooLarge
    ├── DataFolderBusy          DataFolderUnusable
    ├── StoreUnavailable
    ├── PackageMissing
    │   └── ExtraMissing
    ├── EmbedderUnavailable     ClusterUnavailable
    └── EntailmentUnavailable

`str(error)` is the sentence the user reads; `error.hint` says what to do about it, and `error.page_hint` what to do on
the page, where nobody gives commands. Values go in by name.
"""

import errno
import os
import traceback
from pathlib import Path
from typing import ClassVar


class PinciteError(Exception):
    """The root of the tree. A subclass holds its sentence and its hint as format strings."""

    sentence: ClassVar[str] = "Something went wrong."
    hint_text: ClassVar[str] = ""
    page_hint_text: ClassVar[str | None] = None  # where the page has another

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence.format(**values))

    @property
    def hint(self) -> str:
        """What the user can do about it; may be empty."""
        return self.hint_text.format(**self.values)

    @property
    def page_hint(self) -> str:
        """What the user can do about it on the page; may be empty."""
        return self.hint if self.page_hint_text is None else self.page_hint_text.format(**self.values)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by values, so that an error crosses a process border whole."""
        return _rebuild, (type(self), self.values)


def trace(error: BaseException) -> list[str]:
    """Classes and places in the code, of `error` and of what is behind it, for a log that may quote nothing.

    Messages are left out, but for the reason of an operating system and the name of a module.
    """
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        lines.append(f"{type(cause).__module__}.{type(cause).__qualname__}{_reason(cause)}")
        frames = traceback.extract_tb(cause.__traceback__)
        lines += [f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        cause = cause.__cause__ or cause.__context__
    return lines


def _reason(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return f": {error.name}"
    known = isinstance(error, OSError) and error.errno is not None  # else it is a library's, with words of its own
    return f": {os.strerror(error.errno)}" if known else ""  # type: ignore[attr-defined]


def _rebuild(cls: type[PinciteError], values: dict[str, object]) -> PinciteError:
    return cls(**values)


class NoSuchMatter(PinciteError):
    """No matter of that name or id, or none that this user may see."""

    sentence = "There is no matter “{matter}”."
    hint_text = "`pincite matters list` shows the matters you can use."
    page_hint_text = "Choose one from the list of matters."


class MatterExists(PinciteError):
    """A matter of that name is there already."""

    sentence = "There is already a matter “{matter}”."
    hint_text = "Choose another name."


class NoSuchDocument(PinciteError):
    """No document of that name or id in the matter."""

    sentence = "There is no document “{document}” in this matter."
    hint_text = "Give its file name or the start of its id, as `pincite add` printed it."
    page_hint_text = "Choose one from the list of documents."


class DocumentNotReady(PinciteError):
    """The document is still being read, or reading it failed."""

    sentence = "“{document}” cannot be searched yet: it is {state}."
    hint_text = "Wait until it is ready."


class NoSuchText(DocumentNotReady):
    """No text of that version is kept of the document."""

    sentence = "There is no text of version {version} of “{document}”."
    hint_text = "Ask for its text without a version."


class UnreadableFile(PinciteError):
    """A file that cannot be read as a document."""

    sentence = "“{name}” could not be read."
    hint_text = "Check that the file opens in the program that it is for."


class UnsupportedFormat(UnreadableFile):
    """The bytes are of no format that is supported."""

    sentence = "“{name}” is not a {formats}."
    hint_text = "{way_out}"


class UnknownEncoding(UnreadableFile):
    """A text whose character encoding cannot be told."""

    sentence = "“{name}” is a text in an encoding that cannot be told."
    hint_text = "Open it in an editor, save it as UTF-8, and add that file."


class EmptyFile(UnreadableFile):
    """Zero bytes."""

    sentence = "“{name}” is empty."
    hint_text = "Its download or copy may not have finished. Fetch it again and add that file."


class DamagedFile(UnreadableFile):
    """The file begins as its format does but cannot be opened."""

    sentence = "“{name}” is damaged or incomplete."
    hint_text = "Fetch the file again, or open it in the program that it is for and save a copy."


class EncryptedFile(UnreadableFile):
    """A password is needed to open it."""

    sentence = "“{name}” is protected by a password."
    hint_text = "Save a copy without the password and add that."


class NoPages(UnreadableFile):
    """A file without a single page."""

    sentence = "“{name}” has no pages."
    hint_text = "Check that it is the file you meant."


class DynamicForm(UnreadableFile):
    """An XFA form whose pages say no more than that another program has to show them."""

    sentence = "“{name}” is a dynamic XFA form: only Adobe Acrobat or Reader shows what is in it."
    hint_text = "Open it there, print it to a new PDF and add that."


class ConverterCrashed(UnreadableFile):
    """The process that read the file died repeatedly."""

    sentence = "“{name}” could not be read: reading it failed {attempts} times."
    hint_text = "Open it, print it to a new PDF and add that."


class FileTooLarge(UnreadableFile):
    """More bytes than the limit."""

    sentence = "“{name}” is {size_mib:g} MiB; the limit is {limit_mib} MiB."
    hint_text = "Split the file, or raise PINCITE_MAX_FILE_MIB."


class TooManyPages(UnreadableFile):
    """More pages than the limit."""

    sentence = "“{name}” has {pages} pages; the limit is {limit}."
    hint_text = "Split the file, or raise PINCITE_MAX_PAGES."


class TooMuchText(UnreadableFile):
    """More characters than the limit of a document."""

    sentence = "“{name}” has more text than the limit of {limit:,} characters."
    hint_text = "Split the file, or raise PINCITE_MAX_CHARACTERS."


class TooManyLines(UnreadableFile):
    """More lines than any printed document has."""

    sentence = "“{name}” has more than {limit:,} lines of text."
    hint_text = "Split the file."


class MatterFull(UnreadableFile):
    """With it the matter's documents would have more characters than the limit."""

    sentence = "With “{name}” this matter would have more text than the limit of {limit:,} characters."
    hint_text = "Add it to another matter, or raise PINCITE_MAX_MATTER_CHARACTERS."


class ImageTooLarge(UnreadableFile):
    """A picture of more pixels than the limit."""

    sentence = "A picture in “{name}” has more than {limit:,} pixels."
    hint_text = "Scan it, or save it, at 300 dots an inch."


class TooMuchMemory(UnreadableFile):
    """The process that read the file reached its memory limit."""

    sentence = "Reading “{name}” takes more memory than the limit of {limit_mib} MiB."
    hint_text = "Open it, print it to a new PDF and add that, or raise PINCITE_READER_MIB."


class PageTooSlow(UnreadableFile):
    """One page took longer than the limit."""

    sentence = "Page {page} of “{name}” takes longer to read than the limit of {seconds:g} seconds."
    hint_text = "Open it, print it to a new PDF and add that, or raise PINCITE_PAGE_SECONDS."


class DocumentTooSlow(UnreadableFile):
    """The whole document took longer than the limit."""

    sentence = "“{name}” takes longer to read than the limit of {seconds:g} seconds."
    hint_text = "Split the file, or raise PINCITE_DOCUMENT_SECONDS."


class TooDeep(UnreadableFile):
    """A file in more containers than are opened."""

    sentence = "“{name}” lies in more than {depth} files within each other."
    hint_text = "Unpack it and add that file."


class NoneRead(UnreadableFile):
    """None of the files in an archive was read."""

    sentence = "In “{name}” {files}"
    hint_text = "It has no other files."


class NotAllRead(NoneRead):
    """Some of the files in an archive were not read; the others are documents of the matter."""

    hint_text = "Its other files are documents of the matter."


class OriginalMissing(UnreadableFile):
    """The file store answers but no longer has the file, or cannot read it."""

    sentence = "The file of “{name}” is no longer in the file store."
    hint_text = "Remove the document and add the file again."


class DataFolderBusy(PinciteError):
    """Another process owns the data folder and does not answer."""

    sentence = "Another pincite is using this data folder."
    hint_text = "Wait until it has finished, or set PINCITE_DATA_DIR to another folder."


class DataFolderUnusable(PinciteError):
    """The data folder cannot be made, read or written."""

    sentence = "The data folder cannot be used: {reason}."
    hint_text = "Check its permissions and free space, or set PINCITE_DATA_DIR to another folder."


class DiskFull(DataFolderUnusable):
    """No space is left on the disk of the data folder, or no more than is kept free."""

    sentence = "The disk of the server is full: nothing can be added or saved."
    hint_text = "Make room on the disk of the data folder, or set PINCITE_DATA_DIR to another one. Nothing was lost."
    page_hint_text = "Whoever runs the server has to make room, then it goes on. What is there can still be read."


def data_folder_error(error: BaseException) -> DataFolderUnusable:
    """What an error of the operating system or of SQLite tells of the data folder."""
    if (
        getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
    ):
        return DiskFull()
    return DataFolderUnusable(reason=getattr(error, "strerror", None) or error)


class NoFiles(PinciteError):
    """A folder without a file of a supported format."""

    sentence = "There is no {formats} in {folder}."
    hint_text = "Give a folder whose files end in {suffixes}."


class BadQueries(PinciteError):
    """A malformed file of queries."""

    sentence = "{path}, line {line}: {reason}."
    hint_text = "Each line is a JSON object with “id”, “question” and, in one document, “contract”."


class StoreUnavailable(PinciteError):
    """A database, vector store or file store does not answer."""

    sentence = "The {store} cannot be reached."
    hint_text = "Check that it is running and that its address in the settings is right."


class PackageMissing(PinciteError):
    """A setting asks for something whose Python package is not installed."""

    sentence = "{what} needs a package that is not installed: {package}."
    hint_text = "Install it: pip install '{package}'"


class ExtraMissing(PackageMissing):
    """A part of pincite asks for an extra of pincite that is not installed."""

    sentence = "{what} needs packages that are not installed: the extra “{extra}”."
    hint_text = "In the checkout run make setup, or: pip install -e '.[{extra}]'"


class EmbedderUnavailable(PinciteError):
    """The embedding model cannot be used."""

    sentence = "The search model cannot be used: {reason}."
    hint_text = "Check PINCITE_EMBEDDING_MODEL or PINCITE_EMBEDDINGS_URL."


class ClusterUnavailable(PinciteError):
    """A Ray cluster cannot be used."""

    sentence = "The Ray cluster at {address} cannot be used: {reason}."
    hint_text = "Check its address, and that its machines have this version of pincite with the same search model."


class EntailmentUnavailable(PinciteError):
    """The entailment model cannot be used."""

    sentence = "The entailment model cannot be used: {reason}."
    hint_text = "Name a file that bench/train_entailment.py wrote."
