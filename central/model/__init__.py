"""The central office's tables. Import them from here: importing this package knows them all."""

from central.model.base import Base
from central.model.directory import (
    OWN_RECORDS,
    AccountRecord,
    ExtensionRecord,
    LineKeyRecord,
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
from central.model.services import SERVICE_RECORDS, SoundContent, TrunkUseRecord
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
from central.model.voicemail import Letter, MessageRecord

RECORDS: dict[str, type[Record]] = OWN_RECORDS | {r.__tablename__: r for r in SERVICE_RECORDS}
"""The table of each kind of wire row."""

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
    "Letter",
    "LineKeyRecord",
    "MappingRecord",
    "MessageRecord",
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
    "SoundContent",
    "Throttle",
    "TrunkRecord",
    "TrunkUseRecord",
]
