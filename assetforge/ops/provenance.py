"""What a file says of its picture beside the pixels: that a model made it, or what its source's file said.

The mark is XMP with two properties of the IPTC Photo Metadata Standard 2025.1, the terms are of
http://cv.iptc.org/newscodes/digitalsourcetype/. A prompt is never part of it. Unaware of where files are, and of
which pictures a model made.
"""

import re
from dataclasses import dataclass
from typing import Literal

# All of it by a model; a picture of the user's own with parts that a model drew; a composition of both.
Origin = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"]

TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
LONGEST_NAME = 200

# What XML 1.0 (section 2.2) has no way to write, and controls that no name has.
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """How a picture came to be, and the models that drew in it."""

    origin: Origin
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is written into a file beside its pixels: EXIF with its `Exif\\0\\0`, and an XMP packet; "" is none."""

    exif: bytes = b""
    xmp: bytes = b""


NOTHING = Metadata()


def marked(mark: Mark) -> Metadata:
    """The metadata that says a mark (IPTC Photo Metadata Standard 2025.1: Digital Source Type, AI System Used)."""
    system = ", ".join(_NO_TEXT.sub("", model)[:LONGEST_NAME] for model in mark.models)
    escaped = system.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Metadata(
        xmp=(
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
            ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
            f'  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{EXTENSION}">\n'
            f"   <Iptc4xmpExt:DigitalSourceType>{TERMS}{mark.origin}</Iptc4xmpExt:DigitalSourceType>\n"
            f"   <Iptc4xmpExt:AISystemUsed>{escaped}</Iptc4xmpExt:AISystemUsed>\n"
            "  </rdf:Description>\n"
            " </rdf:RDF>\n"
            "</x:xmpmeta>\n"
            '<?xpacket end="r"?>'
        ).encode()
    )
