"""The catalogues that translators write: `extract` brings them up to date with the sentences, `check` reads them.

python scripts/translations.py extract
python scripts/translations.py check [language ...]
"""

import argparse
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "Login")]

from babel.messages import Catalog, Message
from babel.messages.pofile import read_po, write_po

from app.letters.sentences import list_sentences
from FlaskProject.languages.known import KNOWN, SOURCE, Language
from FlaskProject.messages.sentences import list_texts

HEAD = """# Words of {what} of the Pupero Authentication Suite.
# What translators should know: docs/translating.md"""
WIDTH = 100
UNWANTED = tuple(
    f'"{name}: '
    for name in (
        *("Project-Id-Version", "Report-Msgid-Bugs-To", "POT-Creation-Date", "PO-Revision-Date"),
        *("Last-Translator", "Language-Team", "Generated-By"),
    )
)
LONGER, ROOM = 1.7, 20  # how long a translation may be: so many times the English, and so many characters more


class Domain(NamedTuple):
    """One of the two sets of sentences: parts share no code and install alone."""

    name: str
    folder: Path

    def template(self) -> Catalog:
        """Return a catalogue of all sentences, in no language yet."""
        catalogue = Catalog(project="Pupero Authentication Suite", header_comment=HEAD.format(what=self.name))
        catalogue.fuzzy = False
        sentences = list_texts() if self.name == "pages" else list_sentences()
        for text, context, notes in sentences:
            catalogue.add(text, context=context, auto_comments=notes)
        return catalogue

    def path(self, language: Language) -> Path:
        """Return the file that the translators of a language write."""
        return self.folder / language.tag / f"{self.name}.po"

    @property
    def template_path(self) -> Path:
        """Return the file with all sentences and no translation."""
        return self.folder / f"{self.name}.pot"


DOMAINS = (
    Domain("pages", ROOT / "FlaskProject" / "translations"),
    Domain("mails", ROOT / "Login" / "app" / "translations"),
)
TRANSLATED = [language for language in KNOWN.values() if language is not SOURCE]


def read(path: Path, language: Language) -> Catalog:
    """Read a translators' file; one that is not there yet is empty."""
    if not path.exists():
        return Catalog(locale=language.locale, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language.locale)


def bring_up_to_date(domain: Domain) -> None:
    """Write the template, and into each translators' file what is new in it; what was translated stays."""
    template = domain.template()
    write(domain.template_path, template)
    for language in TRANSLATED:
        catalogue = read(domain.path(language), language)
        catalogue.update(template, update_header_comment=True)
        write(domain.path(language), catalogue)


def write(path: Path, catalogue: Catalog) -> None:
    """Write a catalogue without dates and names, so that it changes only when a sentence does."""
    text = BytesIO()
    write_po(text, catalogue, width=WIDTH, ignore_obsolete=True)
    lines = text.getvalue().decode().splitlines(keepends=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line for line in lines if not line.startswith(UNWANTED)), encoding="utf-8", newline="\n")


def find_faults(language: Language) -> Iterator[str]:
    """Return what is wrong with the translations of a language."""
    for domain in DOMAINS:
        catalogue = read(domain.path(language), language)
        for wanted in domain.template():
            message = catalogue.get(wanted.id, wanted.context)
            if wanted.id and (fault := find_fault(wanted, message)):
                yield f"{language.tag}/{domain.name}: {fault}: {wanted.id!r}"


def find_fault(wanted: Message, message: Message | None) -> str | None:
    """Return what is wrong with a translation."""
    if message is None:
        return "not in the file (run extract)"
    originals = [wanted.id] if isinstance(wanted.id, str) else [*wanted.id]
    forms = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
    if not forms or not all(forms):
        return "not translated"
    if message.fuzzy:
        return "marked as fuzzy"
    return next(filter(None, (find_fault_of_form(originals[-1], form, wanted.context) for form in forms)), None)


def find_fault_of_form(original: str, form: str, context: str | None) -> str | None:
    """Return what is wrong with one form of a translation."""
    if (lost := blanks_of(original)) != blanks_of(form):
        return f"must have exactly {', '.join(lost) or 'no blank in braces'}"
    if re.search("[<>]", form):
        return "must have no markup"
    if context == "label" and ":" in form:
        return "must have no colon"
    if original.strip() == original and form.strip() != form:
        return "must have no blank at its ends"
    if len(form) > LONGER * len(original) + ROOM:
        return f"is longer ({len(form)}) than there is room for"
    return None


def blanks_of(text: str) -> list[str]:
    """Return the names in braces, each as often as it stands there."""
    try:
        return sorted(f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError:
        return ["braces that are closed"]


def main(arguments: list[str]) -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("extract", "check"))
    tags = [language.tag for language in TRANSLATED]
    parser.add_argument("languages", nargs="*", metavar="language", help=", ".join(tags))
    asked = parser.parse_args(arguments)
    if unknown := set(asked.languages) - set(tags):
        parser.error(f"unknown: {', '.join(unknown)}")
    if asked.command == "extract":
        for domain in DOMAINS:
            bring_up_to_date(domain)
        return 0
    faults = [fault for tag in asked.languages or tags for fault in find_faults(KNOWN[tag])]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults) + f"{len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
