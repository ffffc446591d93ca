"""What is told of each call: a line for people, an object for programs, a file of them. Never a key or a header."""

import json
from pathlib import Path
from typing import TextIO

from assetforge.simulate.call import Call, Document
from assetforge.words import count, money


def told(call: Call, total: float, seconds: float) -> Document:
    """A call as an object; `cost` is null where no price is known, `total_cost` is of all calls so far, `seconds` are
    those from its arrival to its answer."""
    files = [
        {"field": file.field, "name": file.name, "type": file.type, "bytes": file.length, "width": file.width,
         "height": file.height, "sha256": file.digest}
        for file in call.files
    ]  # fmt: skip
    asked = {name: call.fields.get(name) for name in ("model", "size", "quality", "n", "prompt")}
    return {
        "time": call.time,
        "endpoint": call.endpoint,
        **asked,
        "files": files,
        "status": call.status or None,
        "error": call.error,
        "fault": call.fault,
        "images": list(call.images),
        "cost": call.cost,
        "total_cost": round(total, 6),
        "seconds": round(seconds, 3),
    }


def line(call: Call, total: float, unpriced: int) -> str:
    """A call as a line, with what all calls so far came to; `unpriced` is how many of them have no known price."""
    asked = " ".join(str(call.fields[name]) for name in ("model", "size", "quality") if name in call.fields)
    many = f" x{call.fields['n']}" if str(call.fields.get("n", 1)) != "1" else ""
    ended = str(call.status) if call.status else "dropped"
    why = f" {call.fault or call.error}" if call.fault or call.error else ""
    cost = "price unknown" if call.cost is None else money(call.cost)
    return f"{call.endpoint} {asked}{many}: {ended}{why}, {cost}, {money(total)} in all{_besides(unpriced)}"


def summary(calls: int, images: int, total: float, unpriced: int) -> str:
    """What all calls came to."""
    made = f"{count(calls, 'call')}, {count(images, 'picture')}"
    return f"{made}, which would have cost {money(total)}{_besides(unpriced)}"


def _besides(unpriced: int) -> str:
    return f" besides {count(unpriced, 'call')} of unknown price" if unpriced else ""


class LogFile:
    """One object a line and a call, each there at once for who reads along."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file: TextIO = path.open("a", encoding="utf-8")

    def add(self, row: Document) -> None:
        """Adds a line."""
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
