"""Alerts: what somebody may wait for, and whether new results are that."""

from tailmass.alerts.alert import Alert, timed_out
from tailmass.alerts.condition import TYPES, Condition
from tailmass.alerts.news import News

__all__ = ["TYPES", "Alert", "Condition", "News", "timed_out"]
