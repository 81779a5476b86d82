"""Everything that can go wrong between a question and its answer; grows the one tree that `retrieval` roots.

PinciteError
├── SettingsInvalid         EmptyQuestion     QuestionTooLong
├── NotTaken
│   ├── WordsTooLong        NameTooLong       TooManyChosen
│   └── NotText
├── NotAllowed
│   └── GuestGone           DemoFull          NetworkFull
├── AmbiguousDocument       NoSuchFile        NoSuchConversation
├── PageNotShown
│   └── PageTooSlow         DocumentNotDrawn
├── QuotaReached
│   └── GuestLimit
├── EventMalformed
│   └── UnknownAct
├── TooManyEvents           TooManyStreams
├── NotUploaded             UploadMalformed   TooManyUploads    TooMuchArriving
├── AlreadyServing          ServerGone        Told
├── PartMissing             Unexpected
├── Congested
│   ├── TooManyQuestions    QuestionsWaiting  NetworkWaiting
│   ├── PagesWaiting        TextsWaiting      SearchesWaiting
│   └── TooSlow
├── NotLookedThrough
└── EngineError
    ├── EngineAway          EngineLoading     EngineBusy
    ├── EngineKeyRefused    PromptTooLong     PassagesLeftOut
    └── EngineRefused       EngineFault       StreamCut         EngineSilent
"""

from retrieval import PinciteError


class SettingsInvalid(PinciteError):
    """A setting that cannot be used as it stands."""

    sentence = "The setting {setting} cannot be used: {reason}."
    hint_text = "Correct it in the environment; the README lists every setting."


class NotAllowed(PinciteError):
    """The user may not do this."""

    sentence = "You do not have access to this."
    hint_text = "Ask whoever runs pincite here."


class GuestGone(NotAllowed):
    """A guest's hour is over, or their browser brings no cookie of ours."""

    sentence = "This visit is over; what was in it has been deleted."
    hint_text = "Load the page again to begin anew; the browser must accept its cookie."


class DemoFull(NotAllowed):
    """As many guests as the demo takes are there."""

    sentence = "There are too many visitors at the moment."
    hint_text = "Come back within the hour."


class NetworkFull(NotAllowed):
    """As many guests as one address may have are there."""

    sentence = "There are {most} visitors from your network at the moment, as many as can be."
    hint_text = "Come back within the hour."


class QuotaReached(PinciteError):
    """A user wants more than a user may have."""

    sentence = "A user can have {most:,} {what} here."
    hint_text = "Delete what is no longer needed, or ask whoever runs pincite to raise {setting}."


class GuestLimit(QuotaReached):
    """A guest of the demo wants more than guests get."""

    sentence = "A visitor can have {most:,} {what} here."
    hint_text = "Remove something first, or run pincite on a machine of your own."


class NoSuchConversation(PinciteError):
    """No conversation or turn of that id, or none of this user."""

    sentence = "There is no such conversation."
    hint_text = "Choose one from the list."


class PageNotShown(PinciteError):
    """The image of a page could not be made."""

    sentence = "Page {page} of “{document}” cannot be shown."
    hint_text = "Open the document itself at that page."


class EventMalformed(PinciteError):
    """The page was sent something that the page itself never sends."""

    sentence = "This page cannot do that."
    hint_text = "Load the page again."


class UnknownAct(EventMalformed):
    """An element of the page named an act that it does not have."""

    sentence = "This page has no action of that name."


class TooManyEvents(PinciteError):
    """One user has as much under way on the page as a user may."""

    sentence = "Your pages have {count} requests under way already."
    hint_text = "Wait a moment, or close a few of them."


class TooManyStreams(PinciteError):
    """One user has as many pages open as a user may."""

    sentence = "Too many pages are open already: {count} connections are the limit."
    hint_text = "Close a few of them."


class NotUploaded(PinciteError):
    """A file that this user did not upload, or whose upload was taken in already."""

    sentence = "This file was not uploaded here, or was taken in already."
    hint_text = "Add it again from your own disk."


class UploadMalformed(PinciteError):
    """An upload that is none, or that was cut off."""

    sentence = "The upload did not arrive whole."
    hint_text = "Add the files again."


class TooManyUploads(PinciteError):
    """More uploads at a time, or files in one upload, than a user may have."""

    sentence = "Only {count} can be added at once."
    hint_text = "Add the rest when these have arrived."


class TooMuchArriving(PinciteError):
    """What is on its way takes all the room there is for it."""

    sentence = "Too much is being added at the moment."
    hint_text = "Try again in a few minutes."


class PageTooSlow(PageNotShown):
    """Its image was not there in time; what made a page slow once does so again, so it is not tried again."""

    sentence = "Page {page} of “{document}” took too long to draw."


class DocumentNotDrawn(PageNotShown):
    """Several of its pages could not be drawn; the others are not tried any more."""

    sentence = "The pages of “{document}” are not drawn any more: several of them took too long."
    hint_text = "Open the document itself at page {page}."


class EmptyQuestion(PinciteError):
    """Nothing was asked."""

    sentence = "There is no question."
    hint_text = "Ask in your own words, for example: who may terminate, and with what notice?"


class QuestionTooLong(PinciteError):
    """It takes so much of the window that too little is left for passages."""

    sentence = "The question is too long: {tokens} tokens."
    hint_text = "Ask in a few sentences; add long texts as documents instead."


class NotTaken(PinciteError):
    """What was typed or sent is not looked at."""


class WordsTooLong(NotTaken):
    """A question or a phrase of more characters than the limit."""

    sentence = "This is too long: {characters:,} characters; the limit is {limit:,}."
    hint_text = "Ask in a few sentences; add long texts as documents instead."


class NameTooLong(NotTaken):
    """What names a matter or a document has more characters than the limit."""

    sentence = "The name is too long: {characters:,} characters; the limit is {limit}."
    hint_text = "Use a shorter one."


class TooManyChosen(NotTaken):
    """More documents were named at once than the limit."""

    sentence = "Too many documents are chosen: {count:,}; the limit is {limit:,}."
    hint_text = "Choose fewer, or ask all of them."


class NotText(NotTaken):
    """Characters that no database keeps: a null, or half of a pair."""

    sentence = "This has characters that are not text."
    hint_text = "Type it anew, or paste it from elsewhere."


class AmbiguousDocument(PinciteError):
    """A name that fits several documents of the matter."""

    sentence = "“{document}” fits several documents: {names}."
    hint_text = "Give more of the name, or the id."


class NoSuchFile(PinciteError):
    """A file named on the command line that cannot be opened."""

    sentence = "“{name}” cannot be opened: {reason}."
    hint_text = "Check the path."


class AlreadyServing(PinciteError):
    """A second server was asked for in one data folder."""

    sentence = "pincite is running already, at {url}."
    hint_text = "Open that address, or stop it first; PINCITE_DATA_DIR names another data folder."


class ServerGone(PinciteError):
    """The server of this data folder stopped in the middle of a command."""

    sentence = "pincite stopped before it had finished this."
    hint_text = "Start it again with `pincite serve`, or run the command once more; no accepted document is lost."


class Told(PinciteError):
    """An error that the server told the command line, with the sentence and the hint it had there."""

    sentence = "{sentence}"
    hint_text = "{hint}"


class PartMissing(PinciteError):
    """A part of pincite that is installed only where it is wanted."""

    sentence = "{part} is not installed here ({package} is missing)."
    hint_text = "Install pincite with the extra “{extra}”."


class Unexpected(PinciteError):
    """A fault that nobody foresaw; the log has its place in the code under the reference."""

    sentence = "Something went wrong (ref {ref})."
    hint_text = "The log in the data folder (log/pincite.log) has more under that reference."


class Congested(PinciteError):
    """More is asked than can be answered in time."""


class TooManyQuestions(Congested):
    """The line is as long as it may get."""

    sentence = "Too many questions are waiting at the moment: {count}."
    hint_text = "Ask again in a few minutes."


class QuestionsWaiting(Congested):
    """One user has as many questions under way as a user may."""

    sentence = "You have {count} questions under way already."
    hint_text = "Wait until one of them is answered, or stop one."


class NetworkWaiting(Congested):
    """One address has as many questions under way as an address may."""

    sentence = "From your network {count} questions are under way already, as many as can be."
    hint_text = "Ask again in a few minutes."


class PagesWaiting(Congested):
    """One user asked for more page images than a user may at a time."""

    sentence = "Too many pages are being drawn for you at the moment."
    hint_text = "Wait until they are there, then open the page again."


class TextsWaiting(Congested):
    """One user asked for more documents and passages than a user may at a time."""

    sentence = "Too many documents are being opened for you at the moment."
    hint_text = "Wait until they are there, then open the document again."


class SearchesWaiting(Congested):
    """One user has as many searches for a phrase under way as a user may."""

    sentence = "You have {count} searches for a phrase under way already."
    hint_text = "Wait until one of them is done."


class TooSlow(Congested):
    """Something was not done in its time, waiting included."""

    sentence = "This took longer than {seconds:.0f} seconds."
    hint_text = "Try again in a moment."


class NotLookedThrough(PinciteError):
    """Documents that a search for a phrase could not look through; what it found in the others stands."""

    sentence = "{documents} could not be looked through."
    hint_text = "What was found in the other documents is complete. Look again later, or in these documents alone."


class EngineError(PinciteError):
    """The engine did not write an answer. What it had written is kept, and key language is shown."""

    sentence = "The answer could not be written."
    hint_text = "The key language below comes straight from the documents."


class EngineAway(EngineError):
    """Nothing takes a connection at its address, or all of the engines are known to be away."""

    sentence = "The engine that writes answers is away."
    hint_text = "Questions are answered with key language until it is back."


class EngineLoading(EngineError):
    """It is up but not ready yet."""

    sentence = "The engine that writes answers is still starting."
    hint_text = "Ask again in a minute; until then questions are answered with key language."


class EngineBusy(EngineError):
    """It takes no more requests for now (429)."""

    sentence = "The engine that writes answers is busy."
    hint_text = "Ask again in a moment."


class EngineKeyRefused(EngineError):
    """It refused our key (401 or 403)."""

    sentence = "The engine refused the key."
    hint_text = "Whoever runs pincite should check PINCITE_LLM_API_KEY."


class PromptTooLong(EngineError):
    """It says the prompt does not fit its window."""

    sentence = "The question and its passages are longer than the engine accepts."
    hint_text = "Ask about fewer documents, or start a new conversation."


class PassagesLeftOut(EngineError):
    """It counts more tokens than we do; the prompt was packed again, into less of its window."""

    sentence = "The engine takes less text than it said, so fewer passages were read for this answer."
    hint_text = "If something seems to be missing, ask about fewer documents."


class EngineRefused(EngineError):
    """It rejected the request for another reason (4xx)."""

    sentence = "The engine did not accept the request."
    hint_text = "Whoever runs pincite finds its kind in the log, and the reason in the engine's own."


class EngineFault(EngineError):
    """It reported a fault of its own, before or inside the stream."""

    sentence = "The engine stopped with a fault."
    hint_text = "What it had written is kept. Ask again; if it happens again, restart the engine."


class StreamCut(EngineError):
    """The stream ended without saying that the answer was complete."""

    sentence = "The connection to the engine broke off before the answer was complete."
    hint_text = "What had arrived is kept. Ask again for the whole answer."


class EngineSilent(EngineError):
    """No text for longer than the time-out."""

    sentence = "The engine sent nothing for {seconds:.0f} seconds."
    hint_text = "What had arrived is kept. Ask again, or ask about fewer documents."
