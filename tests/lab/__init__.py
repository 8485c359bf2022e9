"""A laboratory of real engines in network namespaces: buildings, phones, a centre, a carrier (docs/lab.md)."""

from tests.lab.waiting import until as until

__all__ = ["until"]
