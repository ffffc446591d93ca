"""What the simulated Images API takes and how it refuses, under the names that tests ask it by."""

from assetforge.simulate.call import Call, Document, Refused, SentFile
from assetforge.simulate.contract import check, check_size
from assetforge.simulate.models import MODELS, area_tokens

__all__ = ["MODELS", "Call", "Document", "Refused", "SentFile", "area_tokens", "check", "check_size"]
