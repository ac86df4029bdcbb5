"""Turn bytes from a stranger into text, JSON or XML, or into a finding; never into a stack trace."""

import codecs
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from seatmap.chart.findings import Finding, error

BYTES_MAX = 32 * 1024 * 1024
# Nested deeper than any drawing; our own walk over XML is recursive.
DEPTH_MAX = 100
T = TypeVar("T")


class Refused(Exception):
    """A file can't be read further; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def refuse(code: str, message: str, *where: str) -> Refused:
    """Build the exception that ends an import with an error."""
    return Refused(error(code, message, where))


def read_text(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 with its mark as spreadsheets write it."""
    if not data.strip():
        raise refuse("file_empty", "The file is empty.")
    if len(data) > BYTES_MAX:
        raise refuse("file_too_large", f"The file has {len(data):,} bytes; the most is {BYTES_MAX:,}.")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as cause:
        line = data[: cause.start].count(b"\n") + 1
        raise refuse("file_not_utf8", "The file is not UTF-8 text; save it again as UTF-8.", f"line {line}") from cause
    if "\x00" in text:
        raise refuse("file_not_text", "The file contains zero bytes; it is not a text file.")
    return text


def read_json(text: str, shape: type[T]) -> T:
    """Parse JSON into *shape*; a wrong field is named by its path."""
    try:
        return msgspec.json.decode(text.encode(), type=shape)
    except msgspec.ValidationError as cause:
        message, _, path = str(cause).partition(" - at ")
        raise refuse("field_wrong", f"{message}.", path.strip("`") or "$") from cause
    except msgspec.DecodeError as cause:
        raise refuse("json_broken", f"The file is not valid JSON: {cause}.") from cause
    except RecursionError as cause:
        raise refuse("json_too_deep", "The JSON is nested too deeply.") from cause


def read_xml(text: str) -> Element:
    """Parse XML without entities, external references or document types that define any."""
    try:
        root: Element = fromstring(text.encode(), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as cause:
        message = "The drawing defines entities or refers to other files; save it as plain SVG."
        raise refuse("xml_forbidden", message) from cause
    except ParseError as cause:
        line, column = cause.position
        raise refuse(
            "xml_broken", f"The drawing is not valid XML: {cause.msg}.", f"line {line}, column {column}"
        ) from cause
    _bound_depth(root)
    return root


def _bound_depth(root: Element) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise refuse("xml_too_deep", f"The drawing is nested deeper than {DEPTH_MAX} levels.")
        level = [child for element in level for child in element]
