"""What was asked for when a picture was bought, as far as the store or its ledger still know it."""

from collections.abc import Mapping

from assetforge.model import Ingredients, Record
from assetforge.run.shelf import Shelf
from assetforge.store.bought import bought


class Asked:
    """Ingredients of requests. The ledger is read when a record does not tell."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._by_digest: Mapping[str, Ingredients] | None = None

    def of(self, picture: Record) -> Ingredients:
        """The ingredients that a picture was bought with, whatever it is pinned for; none where nobody knows."""
        known = self._shelf.records.get(picture.key)
        if known is not None and known.media.digest == picture.media.digest and known.ingredients:
            return known.ingredients
        if self._by_digest is None:
            pictures = (one for offered in bought(self._shelf.ledger).values() for one in offered)
            self._by_digest = {one.digest: one.ingredients for one in pictures}
        return self._by_digest.get(picture.media.digest, ())
