"""What we say, fitted to what a channel can carry."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels import Capabilities, Idempotency, Markup
from gateway.conversations import Offer
from gateway.messages import Ask, Button, Location, Media, MediaKind, Outbound, Text
from gateway.rendering import fit, strip_markdown
from gateway.splitting import BOLD, length, shorten, split_text

PLAIN = Capabilities(text_limit=4096, markup=Markup.PLAIN, idempotency=Idempotency.NEITHER)
RICH = Capabilities(
    text_limit=200,
    caption_limit=20,
    markup=Markup.HTML,
    idempotency=Idempotency.NEITHER,
    utf16=True,
    buttons=8,
    button_label_limit=10,
    url_buttons=True,
    ask_buttons=True,
    media=frozenset({MediaKind.IMAGE, MediaKind.FILE}),
    media_limit=1000,
    location=True,
)


def limited(limit: int, *, utf16: bool = False) -> Capabilities:
    return msgspec.structs.replace(PLAIN, text_limit=limit, utf16=utf16)


def words(*texts: str, markdown: bool = False) -> tuple[Text, ...]:
    return tuple(Text(text=text, markdown=markdown) for text in texts)


# --- splitting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("short", 20, ["short"]),
        ("", 20, []),
        (" \n ", 20, []),
        ("One two.\n\nThree. Four five", 20, ["One two.", "Three. Four five"]),
        ("fits to the very end and goes on", 20, ["fits to the very end", "and goes on"]),
        ("First paragraph.\n\nSecond. Third", 25, ["First paragraph.", "Second. Third"]),
        ("Line number one\nline two goes on", 25, ["Line number one", "line two goes on"]),
        ("A sentence ends. Another goes on", 25, ["A sentence ends.", "Another goes on"]),
        ("Він сказав «так!» А потім пішов", 25, ["Він сказав «так!»", "А потім пішов"]),
        ("no sentence ends here at all", 20, ["no sentence ends", "here at all"]),
        ("abcdefghij" * 3, 20, ["abcdefghij" * 2, "abcdefghij"]),
        # A break too early in the piece would waste it.
        ("Hm. " + "word " * 9 + "end", 40, ["Hm. word word word word word word word", "word word end"]),
    ],
)
def test_text_is_cut_at_the_kindest_place(text: str, limit: int, pieces: list[str]) -> None:
    assert split_text(text, limited(limit)) == pieces


def test_utf16_counts_an_emoji_twice() -> None:
    assert length("a😀", limited(9)) == 2
    assert length("a😀", limited(9, utf16=True)) == 3
    assert split_text("😀" * 6, limited(8, utf16=True)) == ["😀" * 4, "😀" * 2]
    assert split_text("😀" * 6, limited(9, utf16=True)) == ["😀" * 4, "😀" * 2]
    assert split_text("😀" * 6, limited(8)) == ["😀" * 6]


def test_a_lone_surrogate_is_counted_and_not_a_crash() -> None:
    assert length("a\ud83d", limited(9, utf16=True)) == 2


_alphabet = st.sampled_from("аб в.!?\n «»)😀👩‍👩‍👧 é\t…z")


@given(text=st.text(_alphabet, max_size=300), limit=st.integers(2, 40), utf16=st.booleans())
def test_no_piece_is_too_long_and_nothing_but_white_space_is_lost(text: str, limit: int, utf16: bool) -> None:
    capabilities = limited(limit, utf16=utf16)
    pieces = split_text(text, capabilities)
    assert all(0 < length(piece, capabilities) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    for piece in pieces:
        piece.encode("utf-8")  # a pair cut in two could not be written


@given(text=st.text(max_size=120), limit=st.integers(2, 30))
def test_any_text_can_be_cut(text: str, limit: int) -> None:
    capabilities = limited(limit, utf16=True)
    assert all(length(piece, capabilities) <= limit for piece in split_text(text, capabilities))


# --- light Markdown across a cut ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("Some words **and bold words** end", 20, ["Some words", "**and bold words**", "end"]),
        ("**bold that is far too long** end", 20, ["**bold that is far**", "**too long** end"]),
        ("see [our page](https://a.example/x) now", 32, ["see", "[our page](https://a.example/x)", "now"]),
        ("- first point\n- **second** point", 25, ["- first point", "- **second** point"]),
        ("2 ** 3 is 8 and 2 ** 4 is 16", 16, ["2 ** 3 is 8 and", "2 ** 4 is 16"]),
    ],
)
def test_marks_survive_a_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert split_text(text, limited(limit), markdown=True) == pieces


_word = st.text("абв😀y.", min_size=1, max_size=12)
_plain_run = st.lists(_word, min_size=1, max_size=6).map(" ".join)
_bold_run = st.lists(_word, min_size=1, max_size=12).map(lambda run: f"**{' '.join(run)}**")
_marked = st.lists(_plain_run | _bold_run, max_size=8).map(" ".join) | st.lists(_plain_run | _bold_run, max_size=8).map(
    "\n".join
)


@given(text=_marked, limit=st.integers(8, 60), utf16=st.booleans())
def test_bold_stays_balanced_in_each_piece(text: str, limit: int, utf16: bool) -> None:
    capabilities = limited(limit, utf16=utf16)
    pieces = split_text(text, capabilities, markdown=True)
    for piece in pieces:
        assert length(piece, capabilities) <= limit
        assert "**" not in BOLD.sub(r"\1", piece), piece
    joined = "".join(BOLD.sub(r"\1", piece) for piece in pieces)
    assert "".join(joined.split()) == "".join(BOLD.sub(r"\1", text).split())
    bold = "".join(found for piece in pieces for found in BOLD.findall(piece))
    assert "".join(bold.split()) == "".join("".join(BOLD.findall(text)).split())


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("**Important:** call us", "Important: call us"),
        ("see [our page](https://a.example/x)", "see our page: https://a.example/x"),
        ("- one\n- two", "• one\n• two"),
        ("2 ** 3 ** 4", "2 ** 3 ** 4"),
        ("a - b", "a - b"),
        ("[not a link]", "[not a link]"),
    ],
)
def test_plain_channels_get_no_marks(markdown: str, plain: str) -> None:
    assert strip_markdown(markdown) == plain
    assert fit(Outbound(parts=words(markdown, markdown=True)), PLAIN).parts == words(plain)


def test_what_people_write_is_left_as_it_is() -> None:
    assert fit(Outbound(parts=words("**not ours**")), PLAIN).parts == words("**not ours**")


# --- buttons -----------------------------------------------------------------------------------

COST = Button(label="Cost", payload="a:cost")
HOURS = Button(label="Hours", payload="a:hours")
SITE = Button(label="Site", url="https://a.example")
PHONE = Button(label="Share", ask=Ask.PHONE)


def test_buttons_belong_to_the_message_where_there_are_buttons() -> None:
    result = fit(Outbound(parts=words("Choose:"), buttons=(COST, SITE, PHONE)), RICH)
    assert result.buttons == (COST, SITE, PHONE)
    assert result.parts == words("Choose:")
    assert result.offers == (Offer(label="Cost", payload="a:cost"),)


def test_without_buttons_they_become_a_numbered_list() -> None:
    result = fit(Outbound(parts=words("Choose:"), buttons=(COST, SITE, HOURS, PHONE)), PLAIN)
    assert result.buttons == ()
    assert result.parts == words("Choose:\n\n1. Cost\nSite: https://a.example\n2. Hours")
    assert result.offers == (
        Offer(label="Cost", payload="a:cost", number=1),
        Offer(label="Hours", payload="a:hours", number=2),
    )


@pytest.mark.parametrize(
    "changes",
    [{"buttons": 1}, {"url_buttons": False}],
    ids=["too many", "no links"],
)
def test_a_choice_is_never_split_between_buttons_and_list(changes: dict[str, object]) -> None:
    result = fit(Outbound(parts=words("Choose:"), buttons=(COST, SITE)), msgspec.structs.replace(RICH, **changes))
    assert result.buttons == ()
    assert result.parts == words("Choose:\n\n1. Cost\nSite: https://a.example")


def test_what_only_the_messenger_could_ask_is_left_out_where_it_cannot() -> None:
    result = fit(
        Outbound(parts=words("Choose:"), buttons=(PHONE, COST)), msgspec.structs.replace(RICH, ask_buttons=False)
    )
    assert result.buttons == (COST,)
    assert result.parts == words("Choose:")
    alone = fit(Outbound(parts=words("Your number?"), buttons=(PHONE,)), PLAIN)
    assert (alone.parts, alone.buttons, alone.offers) == (words("Your number?"), (), ())


def test_a_list_that_does_not_fit_under_the_text_stands_alone() -> None:
    tight = limited(20)
    result = fit(Outbound(parts=words("Choose one of:"), buttons=(COST, HOURS)), tight)
    assert result.parts == words("Choose one of:", "1. Cost\n2. Hours")
    photo = Media(kind=MediaKind.IMAGE, ref="x")
    under_a_photo = fit(Outbound(parts=(photo,), buttons=(COST,)), msgspec.structs.replace(RICH, buttons=0))
    assert under_a_photo.parts == (photo, Text(text="1. Cost"))


def test_labels_are_shortened_as_the_channel_counts() -> None:
    long = Button(label="Cost of delivery", payload="a:cost")
    emoji = Button(label="😀😀😀😀😀😀", payload="a:smile")
    result = fit(Outbound(parts=words("Choose:"), buttons=(long, emoji)), RICH)
    assert [button.label for button in result.buttons] == ["Cost of d…", "😀😀😀😀…"]
    assert [button.payload for button in result.buttons] == ["a:cost", "a:smile"]
    # Whoever types the whole label is still understood.
    assert result.offers[0].label == "Cost of delivery"


@given(label=st.text(max_size=30), limit=st.integers(3, 20), utf16=st.booleans())
def test_a_shortened_label_fits(label: str, limit: int, utf16: bool) -> None:
    capabilities = limited(100, utf16=utf16)
    short = shorten(label, limit, capabilities)
    assert length(short, capabilities) <= limit
    assert short == label or short.endswith("…")


# --- media and places --------------------------------------------------------------------------


def test_a_caption_that_is_too_long_follows_as_text() -> None:
    photo = Media(kind=MediaKind.IMAGE, ref="file:1", name="a.png", mime="image/png", size=10, caption="x " * 30)
    bare, *rest = fit(Outbound(parts=(photo,)), RICH).parts
    assert bare == msgspec.structs.replace(photo, caption=None)
    assert rest == [Text(text=("x " * 30).strip())]
    short = msgspec.structs.replace(photo, caption="x" * 20)
    assert fit(Outbound(parts=(short,)), RICH).parts == (short,)


@pytest.mark.parametrize(
    ("media", "said"),
    [
        (Media(kind=MediaKind.VOICE, ref="x"), "[voice]"),
        (Media(kind=MediaKind.VIDEO, ref="x", name="a.mp4", caption="Look"), "[a.mp4] Look"),
        (Media(kind=MediaKind.FILE, ref="x", name="large.zip", size=1001), "[large.zip]"),
    ],
)
def test_what_a_channel_cannot_carry_is_named(media: Media, said: str) -> None:
    assert fit(Outbound(parts=(media,)), RICH).parts == words(said)


def test_places() -> None:
    place = Location(latitude=50.45, longitude=-30.5, title="Office")
    assert fit(Outbound(parts=(place,)), RICH).parts == (place,)
    [said] = fit(Outbound(parts=(place,)), PLAIN).parts
    assert said == Text(text="Office: https://www.openstreetmap.org/?mlat=50.450000&mlon=-30.500000")


_buttons = st.lists(
    st.builds(Button, label=_word, payload=_word)
    | st.builds(Button, label=_word, url=st.just("https://a.example"))
    | st.builds(Button, label=_word, ask=st.sampled_from(Ask)),
    max_size=6,
)


@given(
    texts=st.lists(_marked.filter(bool), min_size=1, max_size=3),
    buttons=_buttons,
    count=st.integers(0, 6),
    markup=st.sampled_from(Markup),
    limit=st.integers(40, 200),
)
def test_everything_we_say_fits(
    texts: list[str], buttons: list[Button], count: int, markup: Markup, limit: int
) -> None:
    capabilities = msgspec.structs.replace(RICH, text_limit=limit, buttons=count, markup=markup, ask_buttons=False)
    result = fit(Outbound(parts=words(*texts, markdown=True), buttons=tuple(buttons)), capabilities)
    assert all(isinstance(part, Text) and length(part.text, capabilities) <= limit for part in result.parts)
    assert len(result.buttons) <= count
    assert [offer.payload for offer in result.offers] == [one.payload for one in buttons if one.payload is not None]
    said = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    for offer in result.offers:
        if offer.number is not None:
            assert re.search(rf"(^|\n){offer.number}\. ", said)
