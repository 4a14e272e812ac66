"""The pages: the blueprint, and the Jinja globals that a host's own templates use."""

from flask_cancellations.web.actions import Action, cancellations_actions, cancellations_link
from flask_cancellations.web.blueprint import build_blueprint
from flask_cancellations.web.terms import cancellations_terms

__all__ = [
    "Action",
    "build_blueprint",
    "cancellations_actions",
    "cancellations_link",
    "cancellations_terms",
    "host_globals",
]


def host_globals() -> dict[str, object]:
    """The functions that a host's own templates call."""
    functions = (cancellations_actions, cancellations_link, cancellations_terms)
    return {function.__name__: function for function in functions}
