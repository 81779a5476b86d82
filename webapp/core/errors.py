"""Errors that a user is shown: one tree under `retrieval.PinciteError`, each class with a sentence and a hint.

PinciteError
├── SettingsInvalid         EmptyQuestion     QuestionTooLong   RequestMalformed
├── InvalidInput
│   ├── WordsTooLong        NameTooLong       TooManyChosen
│   └── NotText
├── NotAllowed
│   ├── GuestGone           DemoFull          NetworkFull
│   └── SessionEnded        RoleTooLow
├── SignInRefused
│   ├── WrongCredentials    TooManyAttempts   SignInBusy        FormExpired
│   └── LinkExpired         NotAdmitted       ProviderFailed
├── AccountError
│   ├── EmailInvalid        AccountExists     LastAdministrator
│   └── PasswordRefused
├── AmbiguousDocument       NoSuchFile        NotWritten        NoSuchConversation
├── OnHold                  DaysInvalid       NothingToAsk      StillReading
├── OnHold                  DaysInvalid       NothingToUndo     NothingChosen
├── PageNotShown
│   └── PageImageTooSlow    DocumentNotDrawn
├── QuotaReached
│   └── GuestLimit
├── EventMalformed
│   └── UnknownAct
├── TooManyEvents           TooManyStreams
├── NotUploaded             UploadMalformed   TooManyUploads    TooMuchArriving
├── AlreadyServing          ServerGone        RemoteError       ServerRuns
├── BackupFailed            BackupUnusable    RestoreRefused    RestoreUnfinished
├── NoSuchModel           NoModelChosen     ModelUnusable     ModelsBusy
├── ModelNotFetched       ModelDamaged      ModelFetching     NoRoomForModel
├── Unexpected
├── Congested
│   ├── TooManyQuestions    QuestionsWaiting  NetworkWaiting
│   ├── PagesWaiting        TextsWaiting      SearchesWaiting
│   └── TooSlow
├── SearchIncomplete        PartNotFound      PlaceNotThere     ValueBlank
├── TooLongToCompare
├── AnswerCut
├── NotAnnotated            TooMuchToExport
└── EngineError
    ├── EngineAway          EngineLoading     EngineBusy
    ├── EngineKeyRefused    PromptTooLong     PassagesOmitted
    ├── EngineRefused
    │   └── SwitchRefused
    ├── EngineFault         StreamCut         EngineSilent      EngineEndless
    └── EngineEmpty         EngineThought     ThoughtTooLong
"""

from typing import ClassVar

from retrieval import PinciteError

KEPT = "The text received so far is kept. "


class SettingsInvalid(PinciteError):
    """A setting whose value cannot be used."""

    sentence = "The setting {setting} cannot be used: {reason}."
    hint_text = "Correct the environment variable; the documentation lists every setting."


class RequestMalformed(PinciteError):
    """A part of a request is missing, or is not of its form."""

    sentence = "The part “{part}” of this request is not of its form."
    hint_text = "Use the addresses that the page gives, unchanged."


class NotAllowed(PinciteError):
    """The user is not authorised."""

    sentence = "You do not have access to this."
    hint_text = "Ask your administrator."


class GuestGone(NotAllowed):
    """A guest session that has expired, or a browser that sends no guest cookie."""

    sentence = "Your visit has ended; its documents and conversations have been deleted."
    hint_text = "Reload the page to start again; your browser must accept its cookie."


class SessionEnded(NotAllowed):
    """A request without a session: nobody has signed in, or the session has ended."""

    sentence = "Your session has ended; sign in again."
    hint_text = "What you typed stays in this page: sign in in another tab, then go on here."


class SignInRefused(PinciteError):
    """An attempt to sign in, or to use a form of it, that is refused."""


class WrongCredentials(SignInRefused):
    """E-mail or password is wrong, or the account may not sign in; which of these is not said."""

    sentence = "The e-mail address or the password is wrong."
    hint_text = "Try again, or ask your administrator for a link that sets a new password."


class TooManyAttempts(SignInRefused):
    """Too many failed attempts, for one account or from one address; which of these is not said."""

    sentence = "There were too many attempts to sign in."
    hint_text = "Wait a while, then try again. A link from your administrator works at once."


class SignInBusy(SignInRefused):
    """The maximum number of passwords is being checked."""

    sentence = "Too many people are signing in at the moment."
    hint_text = "Try again in a few seconds."


class FormExpired(SignInRefused):
    """A form that this server did not give to this browser, or not lately."""

    sentence = "This form is no longer valid."
    hint_text = "Fill it in once more; your browser must accept the cookies of this site."


class LinkExpired(SignInRefused):
    """A one-time link that was used, has expired, was replaced or never existed."""

    sentence = "This link is no longer valid."
    hint_text = "A link works once and for three days. Ask your administrator for a new one."


class NotAdmitted(SignInRefused):
    """The provider knows the person; pincite does not, or no longer."""

    sentence = "You are signed in at {provider}, but have no account here."
    hint_text = "Ask your administrator to add your e-mail address."


class ProviderFailed(SignInRefused):
    """Single sign-on did not give a valid answer."""

    sentence = "Signing in with {provider} did not work."
    hint_text = "Try again. If it happens again, your administrator finds the reason in the log."


class AccountError(PinciteError):
    """A change of an account that cannot be made."""


class EmailInvalid(AccountError):
    """No e-mail address."""

    sentence = "“{email}” is not an e-mail address."
    hint_text = "Enter it as name@example.com."


class AccountExists(AccountError):
    """Another account has this e-mail address."""

    sentence = "There is an account with the address {email} already."
    hint_text = "`pincite users passwd` makes a link that sets a new password."
    page_hint_text = "“Link for a password” beside their name makes a link that sets a new one."


class LastAdministrator(AccountError):
    """The only administrator who may sign in."""

    sentence = "{email} is the only administrator, and cannot be disabled."
    hint_text = "Add another administrator first."


class PasswordRefused(AccountError):
    """A new password that does not meet the rules."""

    sentence = "{reason}"
    hint_text = "Take several words that nobody would expect together, or let your browser make a password."


class DemoFull(NotAllowed):
    """The demo has its maximum number of guests."""

    sentence = "Too many visitors are using the demo."
    hint_text = "Try again within the hour."


class NetworkFull(NotAllowed):
    """One client address has its maximum number of guests."""

    sentence = "The limit of {most} visitors from one network is reached."
    hint_text = "Try again within the hour."


class QuotaReached(PinciteError):
    """A user's quota (documents, matters, conversations, …) is used up."""

    sentence = "The limit is {most:,} {what} per user."
    hint_text = "Delete what you no longer need, or ask your administrator to raise {setting}."


class GuestLimit(QuotaReached):
    """A demo guest's quota is used up."""

    sentence = "The limit is {most:,} {what} per visitor."
    hint_text = "Delete something first, or run pincite on your own computer."


class RoleTooLow(NotAllowed):
    """The user may see the matter, but not do this in it."""

    sentence = "You may read this matter, but not do this in it."
    hint_text = "Ask the owner of the matter."


class MatterArchived(PinciteError):
    """The matter is archived: it is read, and no longer changed."""

    sentence = "This matter is archived: it can be read, but not changed or asked."
    hint_text = "Its owner can take it out of the archive."


class OnHold(PinciteError):
    """Something of a matter on legal hold was to be deleted."""

    sentence = "This matter is on legal hold: nothing in it may be deleted."
    hint_text = "Its owner can end the hold."


class NothingToUndo(PinciteError):
    """The time in which a removal can be undone is over, or there was none."""

    sentence = "This can no longer be undone."
    hint_text = "Add the file again if you still have it."


class NothingChosen(PinciteError):
    """A question was put to no document."""

    sentence = "No document is chosen."
    hint_text = "Tick the documents to ask in the list."


class DaysInvalid(PinciteError):
    """A retention that is no number of days."""

    sentence = "A retention is a number of days from 1 to {limit:,}, or none."
    hint_text = "With none nothing is deleted by itself."


class AmbiguousMatter(PinciteError):
    """A name that several matters of the user have."""

    sentence = "Several matters are called “{matter}”: {ids}."
    hint_text = "Enter the id of the one you mean."


class PrivilegedDocument(PinciteError):
    """A document that is marked as privileged would leave in an export."""

    sentence = "“{document}” is privileged: it is kept out of exports."
    hint_text = "Whoever may change the matter can let it into exports, under People."


class NoSuchPerson(PinciteError):
    """Nobody of this name, e-mail address or id is known."""

    sentence = "There is nobody “{person}” here."
    hint_text = "Enter the e-mail address with which they sign in."


class AmbiguousPerson(PinciteError):
    """A name that several people have."""

    sentence = "Several people are called “{person}”."
    hint_text = "Enter the e-mail address of the one you mean."


class BehindWall(PinciteError):
    """Someone is to be let into a matter that a wall keeps them out of."""

    sentence = "{person} is kept out of this matter by a wall."
    hint_text = "Lift the wall first, if it may be lifted."


class OwnerStays(PinciteError):
    """The owner of a matter is to be taken out of it, or given a lesser role."""

    sentence = "{person} owns this matter."
    hint_text = "Hand the matter over to someone else first."


class PersonDisabled(PinciteError):
    """A matter is to be handed over to someone who may no longer sign in."""

    sentence = "{person} is disabled and cannot own a matter."
    hint_text = "Hand it over to someone else, or enable them first."


class NoHeir(PinciteError):
    """Someone who leaves cannot be followed by this person."""

    sentence = "{person} cannot take over these matters; nothing was changed."
    hint_text = "Name someone else than yourself, who may sign in and whom no wall keeps out of them."


class NoSuchGroup(PinciteError):
    """No group has this name or id."""

    sentence = "There is no group “{group}”."
    hint_text = "`pincite groups list` shows them."
    page_hint_text = "Administrators see them all under Administration."


class GroupExists(PinciteError):
    """A group of that name is there already."""

    sentence = "There is already a group “{group}”."
    hint_text = "Choose another name."


class NoSuchConversation(PinciteError):
    """No conversation or turn has this id, or it belongs to another user."""

    sentence = "There is no such conversation."
    hint_text = "Choose one from the list."


class NothingToAsk(PinciteError):
    """No document in scope can be asked: there is none, or none that could be read."""

    sentence = "There is no document to ask."
    hint_text = "Add documents, or tick some in the list, which also says why a file could not be read."


class StillReading(PinciteError):
    """No document in scope has been read yet."""

    sentence = "{told}"
    hint_text = "What you entered stays here: search as soon as one is ready."


class NoSuchNote(PinciteError):
    """No note has this id, or it is another's."""

    sentence = "There is no such note."
    hint_text = "It may have been deleted meanwhile."


class NoteEmpty(PinciteError):
    """A note without words."""

    sentence = "The note is empty."
    hint_text = "Write what you want to remember of the passage."


class TooManyNotes(PinciteError):
    """A user has too many notes in a matter."""

    sentence = "The limit is {most:,} notes in a matter."
    hint_text = "Delete those that you no longer need."


class PageNotShown(PinciteError):
    """The image of a page could not be rendered."""

    sentence = "Page {page} of “{document}” cannot be shown."
    hint_text = "Open the original file at that page."


class EventMalformed(PinciteError):
    """A request of the page that the page itself never sends."""

    sentence = "This request is not valid."
    hint_text = "Reload the page."


class UnknownAct(EventMalformed):
    """An element of the page named an act that it does not have."""

    sentence = "This page has no action of that name."


class TooManyEvents(PinciteError):
    """One user has the maximum number of page events under way."""

    sentence = "The limit of {count} requests at the same time is reached."
    hint_text = "Wait a moment, or close some pages."


class TooManyStreams(PinciteError):
    """One user has the maximum number of streams (open pages) under way."""

    sentence = "The limit of {count} open connections is reached."
    hint_text = "Close some pages."


class NotUploaded(PinciteError):
    """A file that this user did not upload, or that was added already."""

    sentence = "This file was not uploaded here, or was added already."
    hint_text = "Add it again from your computer."


class UploadMalformed(PinciteError):
    """A multipart body that is malformed or truncated."""

    sentence = "The upload is incomplete."
    hint_text = "Add the files again."


class TooManyUploads(PinciteError):
    """More uploads at a time, or files in one upload, than the limit for one user."""

    sentence = "At most {count} can be added at once."
    hint_text = "Add the rest when these are uploaded."


class TooMuchArriving(PinciteError):
    """No room is left for uploads that are under way."""

    sentence = "Too many files are being uploaded at the moment."
    hint_text = "Try again in a few minutes."


class PageImageTooSlow(PageNotShown):
    """A page image that was not rendered in time; not tried again for this user for some minutes."""

    sentence = "Page {page} of “{document}” took too long to draw."


class DocumentNotDrawn(PageNotShown):
    """A document whose pages are not rendered for this user for some minutes, because several of them failed."""

    sentence = "The pages of “{document}” are no longer drawn: several could not be drawn."
    hint_text = "Open the original file at page {page}."


class EmptyQuestion(PinciteError):
    """The question is empty."""

    sentence = "The question is empty."
    hint_text = "Ask in your own words, for example: Who may terminate, and with what notice?"


class QuestionTooLong(PinciteError):
    """The question leaves too little of the context window for passages."""

    sentence = "The question is too long: {tokens} tokens."
    hint_text = "Ask in a few sentences, and add long texts as documents."


class InvalidInput(PinciteError):
    """Input that is rejected unread."""


class WordsTooLong(InvalidInput):
    """A question or a phrase longer than the limit, in characters."""

    sentence = "The text is too long: {characters:,} characters; the limit is {limit:,}."
    hint_text = "Ask in a few sentences, and add long texts as documents."


class NoteTooLong(InvalidInput):
    """A note longer than the limit, in characters."""

    sentence = "The note is too long: {characters:,} characters; the limit is {limit:,}."
    hint_text = "Divide it into several notes."


class NameTooLong(InvalidInput):
    """The name of a matter or a document is longer than the limit, in characters."""

    sentence = "The name is too long: {characters:,} characters; the limit is {limit}."
    hint_text = "Use a shorter name."


class TooManyChosen(InvalidInput):
    """More documents are selected than the limit."""

    sentence = "Too many documents are chosen: {count:,}; the limit is {limit:,}."
    hint_text = "Choose fewer, or all documents."


class NotText(InvalidInput):
    """Characters that no database stores: a null, or half of a surrogate pair."""

    sentence = "The text has characters that cannot be stored."
    hint_text = "Type it again, or copy it from another place."


class AmbiguousDocument(PinciteError):
    """A name that matches several documents of the matter."""

    sentence = "“{document}” matches several documents: {names}."
    hint_text = "Enter more of the name, or the id."


class NoSuchFile(PinciteError):
    """A file named on the command line that cannot be opened."""

    sentence = "“{name}” cannot be opened: {reason}."
    hint_text = "Check the path."


class NotWritten(PinciteError):
    """A file that was asked for cannot be written."""

    sentence = "{name} cannot be written: {reason}."
    hint_text = "Name a file in a folder that is there and that you may write to."


class AlreadyServing(PinciteError):
    """Another server already uses this data folder."""

    sentence = "pincite is already running at {url}."
    hint_text = "Open that address, or stop pincite first. PINCITE_DATA_DIR sets another data folder."


class ServerRuns(PinciteError):
    """A command that needs the data folder to itself, while a server has it."""

    sentence = "The server is running, and {work} needs its data folder."
    hint_text = "Stop the server{way_out}."


class BackupFailed(PinciteError):
    """A backup that cannot be written; nothing of it is left."""

    sentence = "The backup cannot be written to {folder}: {reason}."
    hint_text = "Name a new or empty folder outside of the data folder, with room for all documents."


class BackupUnusable(PinciteError):
    """A folder that is no backup, or whose manifest or records are damaged."""

    sentence = "{folder} cannot be restored: {reason}."
    hint_text = "Take another backup; one that was broken off has no manifest.json."


class RestoreRefused(PinciteError):
    """A data folder or a database that is not empty."""

    sentence = "{place} is not empty."
    hint_text = "Set PINCITE_DATA_DIR to a new folder, and PINCITE_DATABASE_URL, if it is used, to a new database."


class RestoreUnfinished(PinciteError):
    """A data folder into which a backup was restored in part."""

    sentence = "A backup was restored into the data folder only in part."
    hint_text = "Run `pincite restore` again: it begins anew."
    page_hint_text = "Whoever runs this server has to restore the backup again."


class ServerGone(PinciteError):
    """The server of this data folder stopped during a command."""

    sentence = "pincite stopped before this was finished."
    hint_text = "Start it with `pincite serve`, or run the command again. No accepted document is lost."
    page_hint_text = "Try again in a moment. No accepted document is lost."


class RemoteError(PinciteError):
    """An error that the server reported to the command line, with the server's sentence and hint."""

    sentence = "{sentence}"
    hint_text = "{hint}"


class NoSuchModel(PinciteError):
    """No model of the list has this name, and no file is there of it."""

    sentence = "There is no language model “{model}” here."
    hint_text = (
        "`pincite model list` shows those that there are; `pincite model use` takes the path of a GGUF file too."
    )
    page_hint_text = "Look again: the list shows those that there are."


class NoModelChosen(PinciteError):
    """The language model in use was to be tested, and there is none."""

    sentence = "No language model is chosen: answers quote the documents."
    hint_text = "`pincite model list` shows those that there are."
    page_hint_text = "Choose one of those that the list shows."


class ModelUnusable(PinciteError):
    """A language model that cannot be used as it is."""

    sentence = "“{model}” cannot be used: {reason}."
    hint_text = "Choose another model."


class ModelsBusy(PinciteError):
    """One language model is being fetched or tested, and another was to be."""

    sentence = "A language model is being fetched or tested."
    hint_text = "Wait until that is done, or stop it."


class ModelNotFetched(PinciteError):
    """A download that did not come to its end; what has arrived is kept."""

    sentence = "{model} was not fetched: {reason}."
    hint_text = "Try again: it goes on where it stopped."


class ModelDamaged(PinciteError):
    """What was downloaded has another digest than the file that was published; it is deleted."""

    sentence = "What was fetched of {model} is not the file that was published, and was deleted."
    hint_text = "Fetch it again. If that happens again, someone changes it on its way, or at the hub."


class ModelFetching(PinciteError):
    """The same model is being downloaded by another process or for another page."""

    sentence = "{model} is being fetched already."
    hint_text = "Wait until it is there."


class NoRoomForModel(PinciteError):
    """The disk has too little space for a download."""

    sentence = "{model} needs {needed} of disk space, and {free} are free."
    hint_text = "Make room, or set PINCITE_MODELS_DIR to a folder on another disk."


class Unexpected(PinciteError):
    """An exception that the code does not foresee; the log has its traceback under the reference."""

    sentence = "Something went wrong (ref {ref})."
    hint_text = "The log (log/pincite.log in the data folder) has the details under this reference."


class Congested(PinciteError):
    """The request is refused, or was given up, because of load."""


class TooManyQuestions(Congested):
    """The question queue is full."""

    sentence = "Too many questions are waiting: {count}."
    hint_text = "Ask again in a few minutes."


class QuestionsWaiting(Congested):
    """One user has the maximum number of questions under way."""

    sentence = "You already have {count} questions under way."
    hint_text = "Wait for an answer, or stop one."


class NetworkWaiting(Congested):
    """One client address has the maximum number of questions under way."""

    sentence = "The limit of {count} questions at the same time from one network is reached."
    hint_text = "Ask again in a few minutes."


class PagesWaiting(Congested):
    """One user requested more page images than the limit."""

    sentence = "Too many pages are being drawn for you."
    hint_text = "Wait a moment, then open the page again."


class TextsWaiting(Congested):
    """One user requested more documents and passages than the limit."""

    sentence = "Too many documents are being opened for you."
    hint_text = "Wait a moment, then open the document again."


class SearchesWaiting(Congested):
    """One user has the maximum number of phrase searches under way."""

    sentence = "You already have {count} searches under way."
    hint_text = "Wait until one of them is finished."


class NotAnnotated(PinciteError):
    """A PDF of which no copy with highlights can be made."""

    sentence = "The places in “{document}” cannot be highlighted: {reason}."
    hint_text = "Download the original; the pin cites say where the words stand."


class TooMuchToExport(PinciteError):
    """A conversation with more places than a file takes."""

    sentence = "This cites {places:,} places; the limit of one file is {limit:,}."
    hint_text = "Take its answers along one at a time."


class TooSlow(Congested):
    """A time limit, waiting included, was exceeded."""

    sentence = "This took longer than {seconds:.0f} seconds."
    hint_text = "Try again in a moment."


class SearchIncomplete(PinciteError):
    """Documents that a phrase search could not search; what it found in the others is complete."""

    sentence = "{documents} could not be searched."
    hint_text = (
        "The results from the other documents are complete. Search again later, or search these documents alone."
    )


class PartNotFound(PinciteError):
    """One half of a two-part question for which nothing was found."""

    sentence = "Nothing was found for “{question}”"
    hint_text = "Ask it on its own, in other words."


class PlaceNotThere(PinciteError):
    """A place that was asked for beside others, or of several documents, and that one does not have."""

    sentence = "{absent}"
    hint_text = "What was found besides is in the answer."


class ValueBlank(PinciteError):
    """A clause that bears on a question and has a blank, or something taken out, where what is asked would stand."""

    sentence = "{value} is {how} in {places}."
    hint_text = "If that is what was asked, a schedule or another version of the document may have it."


class AnswerCut(PinciteError):
    """An answer that the language model did not end: it had no room for more."""

    sentence = "The answer breaks off: the language model had no room for more."
    hint_text = "Ask about less at a time: one clause, or one document."


class TooLongToCompare(PinciteError):
    """A document is too long to be compared with another."""

    sentence = "“{document}” is too long to be compared: at most a thousand pages can be."
    hint_text = "Split it, or search it for the clauses that matter."


class EngineError(PinciteError):
    """The language model server did not complete an answer. Partial text is kept, and key language is shown.

    `keeps_text`: it may come after some text, which is kept, and the hint says so.
    """

    keeps_text: ClassVar[bool] = False
    sentence = "The answer could not be written."
    hint_text = "The key language below comes directly from the documents."

    def without_text(self) -> "EngineError":
        """The same error where no text was written; its hint does not say that any is kept."""
        return type(self)(**self.values, nothing_written=True)

    @property
    def hint(self) -> str:
        """What the user can do about it."""
        is_kept = self.keeps_text and not self.values.get("nothing_written")
        return (KEPT if is_kept else "") + super().hint


class EngineAway(EngineError):
    """The server accepts no connection, or the circuit breakers of all servers are open."""

    sentence = "The language model is not available."
    hint_text = "Until it is available again, questions are answered with key language from the documents."


class EngineLoading(EngineError):
    """The server runs but is not ready yet (503)."""

    sentence = "The language model is still starting."
    hint_text = "Ask again in a minute. Until then, questions are answered with key language from the documents."


class EngineBusy(EngineError):
    """The server's rate limit is reached (429)."""

    sentence = "The language model is busy."
    hint_text = "Ask again in a moment."


class EngineKeyRefused(EngineError):
    """The server rejected the API key (401 or 403)."""

    sentence = "The language model server rejected the API key."
    hint_text = "Ask your administrator to check PINCITE_LLM_API_KEY."


class PromptTooLong(EngineError):
    """The prompt exceeds the server's context window."""

    sentence = "The question and its passages are longer than the language model accepts."
    hint_text = "Ask about fewer documents, or start a new conversation."


class PassagesOmitted(EngineError):
    """The server counts more tokens than we do, so the prompt was packed again into less of its window."""

    sentence = "The language model accepts less text than it reported, so this answer is based on fewer passages."
    hint_text = "If something is missing, ask about fewer documents."


class EngineRefused(EngineError):
    """The server rejected the request for another reason (other 4xx)."""

    sentence = "The language model server rejected the request."
    hint_text = (
        "Your administrator finds the kind of error in the log of pincite, and the reason in the log of that server."
    )


class SwitchRefused(EngineRefused):
    """The server rejected the fields that switch thinking off; it is asked again without them."""


class EngineFault(EngineError):
    """The server reported an error of its own (5xx), before or inside the stream."""

    sentence = "The language model server failed."
    keeps_text = True
    hint_text = "Ask again; if it happens again, restart the server."


class StreamCut(EngineError):
    """The stream ended without a finish reason."""

    sentence = "The connection to the language model broke off before the answer was complete."
    keeps_text = True
    hint_text = "Ask again for the complete answer."


class EngineEndless(EngineError):
    """The server wrote more than it was asked for, or for too long, and was cut off."""

    sentence = "The language model did not end its answer and was cut off."
    keeps_text = True
    hint_text = "Ask again, or ask about fewer documents."


class EngineEmpty(EngineError):
    """The server completed its answer without a word."""

    sentence = "The language model wrote nothing."
    hint_text = "Ask again, or in other words. The key language comes directly from the documents."


class EngineThought(EngineError):
    """The server completed its answer with thinking alone: a reasoning model came to no answer in its room."""

    sentence = "The language model thought for all of its {tokens:,} tokens and wrote no answer."
    hint_text = (
        "The key language comes directly from the documents. A model that answers without thinking, or a larger "
        "context window, gives written answers."
    )


class ThoughtTooLong(EngineError):
    """The answer of a reasoning model was cut off, because its thinking took the room."""

    keeps_text = True
    sentence = "The language model thought for so long that its answer is cut off at {tokens:,} tokens."
    hint_text = "Ask about fewer documents, or use a model that answers without thinking."


class EngineSilent(EngineError):
    """No text arrived within the time-out."""

    sentence = "The language model sent nothing for {seconds:.0f} seconds."
    keeps_text = True
    hint_text = "Ask again, or ask about fewer documents."
