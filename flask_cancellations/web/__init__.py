"""The pages: the blueprint, and the Jinja globals that a host's own templates use."""

from flask_cancellations.web.actions import Action, cancellations_actions, cancellations_link
from flask_cancellations.web.blueprint import build_blueprint

__all__ = ["Action", "build_blueprint", "cancellations_actions", "cancellations_link"]
