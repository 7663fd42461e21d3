"""What makes an SVG more than a picture: script, change, and whatever it would fetch; such a file is refused.

Browsers run and fetch nothing of a picture in <img>, and its answer has a policy of its own: this is the third lock.
"""

import re
from xml.parsers import expat

SVG, XHTML = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"
XLINK, XML = "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"
OF_PICTURES = {"", XLINK, XML}  # namespaces of attributes; drawing programs leave others behind, which do nothing
MORE_THAN_PICTURES = {
    *("script", "foreignobject", "iframe", "object", "embed", "audio", "video", "handler", "listener"),
    *("set", "animate", "animatemotion", "animatetransform"),  # of an address, say, once it was looked at
}
ADDRESSES = {"href", "src", "base"}
# An address in CSS that is no part of the picture, a style from elsewhere, and letters hidden behind a backslash.
FOREIGN_STYLE = re.compile(r"(?:url|src|image|image-set)\(\s*['\"]?\s*(?!['\"#\s])|@import|\\", re.IGNORECASE)


def check_svg(content: bytes) -> None:
    """Refuse what is no picture with a size, or more than a picture; ValueError says why."""
    parser = expat.ParserCreate(namespace_separator=" ")
    # Entities, which make XML dangerous to parse, stand in a document type.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ProcessingInstructionHandler = _refuse_instruction
    look = _Look()
    parser.StartElementHandler, parser.EndElementHandler = look.at_start, look.at_end
    parser.CharacterDataHandler = look.at_text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"must be well-formed XML: line {error.lineno} is not") from None


def _refuse_doctype(*_declared: object) -> None:
    raise ValueError("must have no <!DOCTYPE>: what that declares can be anything")


def _refuse_instruction(*_said: object) -> None:
    raise ValueError("must have no instructions such as <?xml-stylesheet?>")


class _Look:
    """Looks at each part as the parser comes upon it."""

    def __init__(self) -> None:
        self._at_root = True
        self._style: str | None = None  # while it is read

    def at_start(self, qualified: str, attributes: dict[str, str]) -> None:
        """Look at an element and what stands in its tag."""
        namespace, _, name = qualified.rpartition(" ")
        if self._at_root:
            _check_root(namespace, name, attributes)
        if namespace == XHTML or name.lower() in MORE_THAN_PICTURES or self._style is not None:
            raise ValueError(f"must be a still picture and nothing else: remove <{name}>")
        for attribute, value in attributes.items():
            _check_attribute(attribute, value)
        self._at_root = False
        self._style = "" if name.lower() == "style" else None

    def at_text(self, text: str) -> None:
        """Keep a style's text, which comes in pieces."""
        if self._style is not None:
            self._style += text

    def at_end(self, _qualified: str) -> None:
        """Look at a style as a whole: comments may divide it."""
        if FOREIGN_STYLE.search(self._style or ""):
            raise ValueError("must fetch nothing: remove @import, url(…) and backslashes from <style>")
        self._style = None


def _check_root(namespace: str, name: str, attributes: dict[str, str]) -> None:
    if (namespace, name) != (SVG, "svg"):
        raise ValueError(f"must begin with <svg> of {SVG}")
    if "viewBox" not in attributes and not {"width", "height"} <= attributes.keys():
        raise ValueError("must say how large it is, by viewBox or by width and height")


def _check_attribute(qualified: str, value: str) -> None:
    namespace, _, name = qualified.rpartition(" ")
    if namespace not in OF_PICTURES:
        return
    if name.lower().startswith("on"):
        raise ValueError(f"must be a still picture and nothing else: remove {name}=")
    if FOREIGN_STYLE.search(value) or (name.lower() in ADDRESSES and not value.strip().startswith("#")):
        raise ValueError(f"must fetch nothing: {name}= may only lead to a part of the picture, such as #a")
