"""Where the fonts are that come with this package; unaware of what is written in them, and of how.

All are DejaVu Sans 2.37 without hints (see LICENSE), cut down by `tests/fonts/cut_fonts.py`. `TEXT` has pairs to kern
and the letters of Europe's languages; the two of drafts have no pairs and fewer letters, and look alike whatever is
added to the other.
"""

from pathlib import Path

FOLDER = Path(__file__).parent

TEXT = FOLDER / "DejaVuSans.ttf"
DRAFT = FOLDER / "DejaVuSans-Draft.ttf"
DRAFT_BOLD = FOLDER / "DejaVuSans-Bold-Draft.ttf"
