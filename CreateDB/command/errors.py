"""What ends a run: an error whose text is written for the operator."""


class OperatorError(Exception):
    """A refusal in one line, with a hint what to do, and without any secret."""
