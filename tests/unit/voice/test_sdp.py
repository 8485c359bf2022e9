"""Given an offer, what voice agrees to and answers (RFC 3264)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.voice import sdp
from appliance.voice.sdp import Agreement, Direction

LOCAL = ("10.20.0.1", 20000)
PHONE = "10.20.0.51"


def described(*lines: str, head: tuple[str, ...] = ("c=IN IP4 10.20.0.51",)) -> str:
    return "\r\n".join(["v=0", "o=- 1 1 IN IP4 10.20.0.51", "s=-", *head, "t=0 0", *lines]) + "\r\n"


def agreed(*lines: str, **more: tuple[str, ...]) -> Agreement | None:
    return sdp.agree(sdp.parse(described(*lines, **more)))


@pytest.mark.parametrize(
    ("formats", "attributes", "codec", "payload_type", "event_type"),
    [
        ("0", (), "PCMU", 0, None),
        ("8", (), "PCMA", 8, None),
        ("8 0", (), "PCMA", 8, None),
        ("0 8 101", ("a=rtpmap:101 telephone-event/8000",), "PCMU", 0, 101),
        ("9 18 8 96", ("a=rtpmap:96 telephone-event/8000", "a=fmtp:96 0-16"), "PCMA", 8, 96),
        ("111 0 110", ("a=rtpmap:111 opus/48000/2", "a=rtpmap:110 telephone-event/48000"), "PCMU", 0, None),
        ("97", ("a=rtpmap:97 pcmu/8000",), "PCMU", 97, None),
        ("97", ("a=rtpmap:97 PCMA/8000/1",), "PCMA", 97, None),
        ("97 8", ("a=rtpmap:97 PCMA/16000",), "PCMA", 8, None),
    ],
)
def test_the_first_codec_that_we_speak_is_taken(
    formats: str, attributes: tuple[str, ...], codec: str, payload_type: int, event_type: int | None
) -> None:
    got = agreed(f"m=audio 4000 RTP/AVP {formats}", *attributes)
    assert got is not None
    assert (got.codec, got.payload_type, got.event_type) == (codec, payload_type, event_type)
    assert got.remote == (PHONE, 4000)
    assert got.sends


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("m=audio 4000 RTP/AVP 18 4",),
        ("m=audio 0 RTP/AVP 0",),
        ("m=audio 4000 RTP/SAVP 0",),
        ("m=video 4000 RTP/AVP 0",),
        ("m=image 4000 udptl t38",),
        ("m=audio 4000 RTP/AVP 0", "c=IN IP6 ::1"),
        ("m=audio 4000 RTP/AVP 0", "c=IN IP4 phone.example.com"),
        ("m=audio 4000 RTP/AVP 0", "c=IN IP4 239.1.1.1"),
        ("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"),
        ("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 G729/8000"),
    ],
)
def test_an_offer_without_anything_common_is_not_acceptable(lines: tuple[str, ...]) -> None:
    assert agreed(*lines) is None


@pytest.mark.parametrize(
    ("theirs", "ours", "sends"),
    [
        ("sendrecv", Direction.SENDRECV, True),
        ("sendonly", Direction.RECVONLY, False),
        ("recvonly", Direction.SENDONLY, True),
        ("inactive", Direction.INACTIVE, False),
    ],
)
def test_hold_is_answered_with_its_mirror(theirs: str, ours: Direction, sends: bool) -> None:
    for lines, head in (
        (("m=audio 4000 RTP/AVP 0", f"a={theirs}"), ("c=IN IP4 10.20.0.51",)),
        (("m=audio 4000 RTP/AVP 0",), ("c=IN IP4 10.20.0.51", f"a={theirs}")),
    ):
        text = described(*lines, head=head)
        got = sdp.agree(sdp.parse(text))
        assert got is not None
        assert (got.direction, got.sends) == (ours, sends)
        assert got.terms.hears is (theirs == "sendrecv"), "only who talks and listens has a voice of its own to send"
        assert f"a={ours}\r\n" in sdp.answer(sdp.parse(text), got, LOCAL, 7, 2)


def test_the_old_hold_by_address_zero_sends_nowhere_and_hears_nobody() -> None:
    got = agreed("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0")
    assert got is not None
    assert (got.remote, got.source, got.sends, got.hears) == (None, "", False, False)


def test_a_streams_own_address_and_direction_go_before_the_sessions() -> None:
    got = agreed("m=audio 4000 RTP/AVP 0", "c=IN IP4 10.20.0.99", "a=sendrecv", head=("c=IN IP4 1.2.3.4", "a=inactive"))
    assert got is not None
    assert (got.remote, got.sends) == (("10.20.0.99", 4000), True)


def test_every_other_stream_is_refused_in_its_place() -> None:
    theirs = sdp.parse(
        described(
            "m=video 5000 RTP/AVP 96 97",
            "a=rtpmap:96 H264/90000",
            "m=audio 4000 RTP/AVP 9 0 101",
            "a=rtpmap:101 telephone-event/8000",
            "a=ptime:30",
            "m=audio 4002 RTP/AVP 8",
            "m=image 4004 udptl t38",
        )
    )
    got = sdp.agree(theirs)
    assert got is not None
    assert sdp.answer(theirs, got, LOCAL, 7, 3).split("\r\n") == [
        "v=0",
        "o=conserje 7 3 IN IP4 10.20.0.1",
        "s=-",
        "c=IN IP4 10.20.0.1",
        "t=0 0",
        "m=video 0 RTP/AVP 96 97",
        "m=audio 20000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "m=audio 0 RTP/AVP 8",
        "m=image 0 udptl t38",
        "",
    ]


def test_our_own_offer_is_one_that_we_would_take() -> None:
    got = sdp.agree(sdp.parse(sdp.offer(LOCAL, 7, 1)))
    assert got is not None
    assert (got.codec, got.event_type, got.remote) == ("PCMU", 101, LOCAL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=1\r\n",
        "hello",
        "v=0\r\nnonsense\r\n",
        described("m=audio"),
        described("m=audio x RTP/AVP 0"),
        described("m=audio 70000 RTP/AVP 0"),
        described("m=audio \u0664 RTP/AVP 0"),
        described(*["m=audio 4000 RTP/AVP 0"] * 9),
        described("a=" + "x" * 5000),
    ],
)
def test_what_is_no_description_is_an_sdp_error(text: str) -> None:
    with pytest.raises(sdp.SdpError):
        sdp.parse(text)


def test_lines_may_end_in_a_bare_newline() -> None:
    assert sdp.agree(sdp.parse(described("m=audio 4000 RTP/AVP 0").replace("\r\n", "\n"))) is not None


@given(st.text(max_size=200) | st.text(alphabet="vocmastb=0 \r\nrtpmap:8/INP4.audiRTVAX", max_size=300))
def test_no_text_does_more_than_raise_an_sdp_error(text: str) -> None:
    for candidate in (text, "v=0\r\nm=audio 4000 RTP/AVP 0\r\n" + text):
        try:
            sdp.agree(sdp.parse(candidate))
        except sdp.SdpError:
            continue
