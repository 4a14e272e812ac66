"""Reads a host's models and proposes the configuration that maps them: ``flask cancellations inspect``."""

from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.propose import propose
from flask_cancellations.host.inspector.surroundings import models_of

__all__ = ["Found", "Proposal", "models_of", "propose"]
