"""Detects a question that is not in English, by the stop words of a few languages or another script.

The word index stems English and the search model reads English: what a question in another language finds is chance.
"""

import re
import unicodedata
from collections import Counter

_LEAST = 2  # stop words of a language, and more than there are English ones
_LETTERS_OF_SCRIPT = 0.5  # of a question's letters, for it to be in another script

_STOP_WORDS = {
    "English": "the a an of to in is are was were be been do does did can could may must shall should will would have"
    " has had who whom what when where which why how and or not no if for from with by on at under this that these"
    " those it its their there any all each",
    "German": "der die das den dem des ein eine einer eines einem einen und oder nicht ist sind war wird werden wurde"
    " kann muss darf soll hat haben wer wen wem was wann wo wie welche welcher welches welchen warum wenn für von mit"
    " bei nach aus zu zum zur im am auf unter über dieser diese dieses diesem vertrag gibt es kein keine",
    "French": "le la les un une des du de et ou ne pas est sont était sera peut doit qui que quoi quel quelle quels"
    " quelles quand où comment pourquoi combien si pour par avec dans sur sous ce cette ces il elle au aux en y a-t-il"
    " contrat est-ce",
    "Spanish": "el la los las un una unos del de y o no es son era será puede debe quién quien qué que cuál cual cuáles"
    " cuándo cuando dónde cómo cuánto cuánta cuántos si para por con en sobre bajo este esta estos estas hay al"
    " contrato se su",
    "Italian": "il lo la gli le un una uno del della dei delle di e o non è sono era sarà può deve chi che cosa quale"
    " quali quando dove come perché quanto quanta se per da con nel nella su questo questa questi c'è contratto al"
    " alla",
    "Dutch": "de het een en of niet is zijn was wordt worden kan moet mag zal heeft hebben wie wat wanneer waar welke"
    " welk waarom hoe als voor van met bij naar uit op onder deze dit dat er geen overeenkomst in te",
    "Portuguese": "o os as um uma do da dos das de e ou não é são era será pode deve quem que qual quais quando onde"
    " como quanto quanta se para por com no na nos nas em sobre este esta estes há contrato ao",
    "Polish": "i lub nie jest są był będzie może musi kto co kiedy gdzie jak który która które dlaczego ile czy jeśli"
    " dla od z ze w we na do po pod ten ta to tej tego się umowa umowy umowę",
}
_LANGUAGES_OF = {
    word: frozenset(name for name, words in _STOP_WORDS.items() if word in words.split())
    for words in _STOP_WORDS.values()
    for word in words.split()
}
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def foreign_language(question: str) -> str:
    """The language of a question that is not in English ("German", "another script"); empty for English and where
    nothing tells.
    """
    letters = [letter for letter in question if letter.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    if letters and latin < _LETTERS_OF_SCRIPT * len(letters):
        return "another script"
    counts = Counter(
        name
        for word in _WORD.findall(question.casefold().replace("’", "'"))
        for name in _LANGUAGES_OF.get(word, frozenset())
    )
    english = counts.pop("English", 0)
    name, most = max(counts.items(), key=lambda row: row[1], default=("", 0))
    return name if most >= _LEAST and most > english else ""
