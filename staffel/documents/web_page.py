"""Reads what a person would see of an HTML page: no scripts, no styles, one line a block."""

import re
from html import unescape

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PageElement
from bs4.exceptions import ParserRejectedMarkup

from staffel.documents.encoding import decode
from staffel.documents.errors import UnreadableDocumentError
from staffel.documents.items import Limits

_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg"})
_BLOCKS = frozenset(
    {
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "caption",
            "div",
            "dl",
            "figcaption",
            "figure",
            "footer",
        ),
        *(
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
        ),
        *("table", "title", "ul"),
    }
)
_ROWS = frozenset({"dd", "dt", "li", "tr"})
_CELLS = frozenset({"td", "th"})
_PREFORMATTED = frozenset({"pre", "textarea"})
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>")


def read_html(content: bytes, _limits: Limits) -> str:
    """The visible text of a page; its title stands in for a missing heading."""
    markup = _XML_DECLARATION.sub("", decode(content, declared=_declared_encoding(content)))
    if "<" not in markup:
        return unescape(markup)
    return _tidy(_visible_text(_parse(markup)))


def _declared_encoding(content: bytes) -> str | None:
    return EncodingDetector.find_declared_encoding(content, is_html=True)


def _parse(markup: str) -> BeautifulSoup:
    try:
        return BeautifulSoup(markup, "html.parser")
    except (ParserRejectedMarkup, RecursionError) as error:
        raise UnreadableDocumentError("the HTML is too broken to parse") from error


def _visible_text(page: BeautifulSoup) -> str:
    """The strings in order, with a line end where a block begins or ends.

    One pass that leaves the tree as it is: every edit of it searches all siblings, minutes for a long page.
    """
    # The title stands in for a missing heading; beside one it would only say the same twice.
    unseen = _UNSEEN | ({"title"} if page.h1 else set())
    pieces: list[str] = []
    waiting: list[tuple[PageElement | str, bool]] = [(page, False)]
    while waiting:
        node, is_kept = waiting.pop()
        if isinstance(node, Tag) and node.name not in unseen:
            is_kept = is_kept or node.name in _PREFORMATTED
            children: list[PageElement | str] = [_before(node), *node.contents, _after(node)]
            waiting.extend((child, is_kept) for child in reversed(children))
        elif type(node) is NavigableString and not is_kept:
            pieces.append(re.sub(r"\s+", " ", node))
        elif type(node) in {str, NavigableString}:
            # Comments and declarations are strings of other types.
            pieces.append(str(node))
    return "".join(pieces)


def _before(tag: Tag) -> str:
    return "\n" if tag.name in _BLOCKS or tag.name in _ROWS else ""


def _after(tag: Tag) -> str:
    if tag.name in _CELLS:
        return " "
    return "\n" if tag.name in _BLOCKS or tag.name == "br" else ""


def _tidy(text: str) -> str:
    lines = (re.sub(r"[ \t\xa0]+$|^ (?! )", "", line) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
