"""Amounts as text, where `msgs.load_manager.amount_words` does not fit. Pure."""

MINUS = "\N{MINUS SIGN}"


def signed_words(amount: float) -> str:
    """Return an amount with one digit and, below zero, with a minus sign."""
    words = f"{abs(amount):.1f}"
    return f"{MINUS}{words}" if amount < 0.0 and words != "0.0" else words
