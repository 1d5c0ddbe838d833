"""The commands of docs/operating.md, so that what is tested is what is written there."""
import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs/operating.md").read_text(encoding="utf-8")


def block(language, having):
    """The one block of code in this language that has these words in it."""
    found = [text for text in re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
             if having in text]
    assert len(found) == 1, f"docs/operating.md has {len(found)} blocks of {language} with '{having}'"
    return found[0]
