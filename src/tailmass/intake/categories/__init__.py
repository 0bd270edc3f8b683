"""Messages to categories: what is the same message but for its values gets the same number."""

from tailmass.intake.categories.categorizer import Categorizer

__all__ = ["Categorizer"]
