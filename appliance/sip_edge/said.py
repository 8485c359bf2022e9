"""The refusals that are spoken: an announcement with the SIP status that ends it. Pure."""

from functools import lru_cache

from appliance.sip_edge.plan import Say
from appliance.vocabulary import Announcement

PHRASES = {
    403: "Forbidden",
    404: "Not Found",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    484: "Address Incomplete",
    486: "Busy Here",
    503: "Service Unavailable",
}


@lru_cache(maxsize=1024)
def said(announcement: Announcement, status: int, language: str) -> Say:
    return Say(announcement, status, PHRASES[status], language)
