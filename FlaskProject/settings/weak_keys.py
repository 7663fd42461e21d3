"""What makes a secret key unfit to sign cookies; the API judges its own by the same rules, and a test compares them."""

import re
import unicodedata

SHORTEST = 32
FEWEST_DIFFERENT = 10
SAMPLE = re.compile(
    "change|replace|secret|password|example|sample|insecure|default|placeholder|keyboard|qwerty|bezkoder|123456|abcdef|your[-_]",
    re.IGNORECASE,
)
# Published in frameworks' tutorials, so long and random that no rule above finds them.
PUBLISHED = {
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "37c304f8-51aa-419a-a1af-06154e63707a",
    "3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b",
    "9a4f2c8d3b7a1e6f45c8a0b3f267d8b1d4e6f3c8a9d2b5f8e3a9c8b5f6v8a3d9",
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
# Sentences that everybody knows, read by their letters alone: blanks, capitals and stops make no secret of them.
SENTENCES = (
    *("quickbrownfox", "packmyboxwith", "sphinxofblackquartz", "howvexingly", "quackingzephyrs", "waltzbadnymph"),
    *("jackdawslovem", "wizardsjump", "boxingwizards", "jinxedwizards", "glibjocks", "vexnymphs", "franzjagtim"),
    *("zwolfboxkampfer", "portezcevieux", "loremipsum", "correcthorse", "tobeornottobe", "maytheforce"),
    *("helloworld", "letmein", "trustno", "iloveyou", "allyourbase", "opensesame", "donotuse", "thisisnot"),
)
# A popular web page's "random" keys run through a few fixed cycles of characters; these stand in each, also in hex.
CYCLES = ("PdSgVkY", "PeShVmY", "QeThWmZ", "QfTjWnZ", "RfUjXn2", "SgVkXp2", "ShVmYq3", "UkXp2s5")


def weakness_of(key: str) -> str | None:
    """Say what is wrong with a key, as the end of a sentence, or None."""
    if SAMPLE.search(key) or key in PUBLISHED or _is_generated(key) or _is_sentence(key):
        return "looks like a sample"
    if len(key.encode()) < SHORTEST:
        return f"is shorter than {SHORTEST} bytes"
    if len(set(key)) < FEWEST_DIFFERENT:
        return "repeats the same few characters"
    if any(key.startswith(key[period:]) for period in range(1, len(key) // 2 + 1)):
        return "repeats a short text"
    return None


def _is_generated(key: str) -> bool:
    return any(cycle in key or cycle.encode().hex() in key.lower() for cycle in CYCLES)


def _is_sentence(key: str) -> bool:
    letters = "".join(filter(str.isalpha, unicodedata.normalize("NFKD", key).casefold()))
    return any(sentence in letters for sentence in SENTENCES)
