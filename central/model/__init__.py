"""The central office's tables. Import them from here: importing this package knows them all."""

from central.model.base import Base
from central.model.directory import (
    RECORDS,
    AccountRecord,
    ExtensionRecord,
    MappingRecord,
    NumberRecord,
    PersonRecord,
    PhoneRecord,
    PresenceRecord,
    Record,
    SiteRecord,
    TrunkRecord,
)
from central.model.office import AuditEntry, Operator, PortalSession, Throttle
from central.model.sync import (
    BuildingStatus,
    CdrRecord,
    CertificateRecord,
    ClaimCode,
    FactRecord,
    FeedRevision,
    PastPresence,
    SeenPhone,
    SiteContact,
    SiteState,
)

__all__ = [
    "RECORDS",
    "AccountRecord",
    "AuditEntry",
    "Base",
    "BuildingStatus",
    "CdrRecord",
    "CertificateRecord",
    "ClaimCode",
    "ExtensionRecord",
    "FactRecord",
    "FeedRevision",
    "MappingRecord",
    "NumberRecord",
    "Operator",
    "PastPresence",
    "PersonRecord",
    "PhoneRecord",
    "PortalSession",
    "PresenceRecord",
    "Record",
    "SeenPhone",
    "SiteContact",
    "SiteRecord",
    "SiteState",
    "Throttle",
    "TrunkRecord",
]
