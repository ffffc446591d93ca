"""How a cheaper size is told, in a plan and of one step alike; unaware of how it was found."""

from assetforge.words import most


def told_cheaper(asked: str, cheaper: str, cut: float, *, price: float, cheaper_price: float) -> str:
    """What a picture costs as it would be asked for, what it would cost cut from another size, and how to ask for
    that. Prices are of one picture, in US dollars at most; `cut` is the share of what is drawn that goes."""
    now = f"{asked} costs {most(price)} a picture"
    then = f"cut from {cheaper} it would cost {most(cheaper_price)}, and lose {cut:.0%} of the picture"
    return f'{now}; {then}: request_size = "{cheaper}"'
