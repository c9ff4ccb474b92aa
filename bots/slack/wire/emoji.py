"""Slack's names of the emoji that people answer with, and the emoji themselves, both ways.

Slack writes an emoji as ``:name:``; names are those of https://github.com/iamcal/emoji-data, which Slack
uses. What is not listed (a workspace's own emoji among it) stays ``:name:`` and is readable so.
"""

from __future__ import annotations

import re

NAMES: dict[str, str] = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "ok_hand": "👌", "clap": "👏", "pray": "🙏",
    "raised_hands": "🙌", "wave": "👋", "muscle": "💪", "handshake": "🤝", "point_up": "☝️", "point_right": "👉",
    "point_down": "👇", "point_left": "👈", "v": "✌️", "crossed_fingers": "🤞", "eyes": "👀", "facepalm": "🤦",
    "shrug": "🤷", "white_check_mark": "✅", "heavy_check_mark": "✔️", "ballot_box_with_check": "☑️", "x": "❌",
    "no_entry": "⛔", "no_entry_sign": "🚫", "warning": "⚠️", "question": "❓", "grey_question": "❔",
    "exclamation": "❗", "heavy_exclamation_mark": "❗", "bangbang": "‼️", "interrobang": "⁉️", "100": "💯",
    "heart": "❤️", "yellow_heart": "💛", "green_heart": "💚", "blue_heart": "💙", "purple_heart": "💜",
    "black_heart": "🖤", "white_heart": "🤍", "broken_heart": "💔", "two_hearts": "💕", "sparkling_heart": "💖",
    "fire": "🔥", "tada": "🎉", "confetti_ball": "🎊", "sparkles": "✨", "star": "⭐", "star2": "🌟", "zap": "⚡",
    "rocket": "🚀", "bulb": "💡", "gift": "🎁", "package": "📦", "truck": "🚚", "house": "🏠", "phone": "☎️",
    "telephone_receiver": "📞", "email": "📧", "calendar": "📆", "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳", "alarm_clock": "⏰", "bell": "🔔", "moneybag": "💰", "lock": "🔒", "mag": "🔍",
    "pencil": "📝", "memo": "📝", "bug": "🐛", "rose": "🌹", "sunflower": "🌻", "bouquet": "💐", "coffee": "☕",
    "cake": "🍰", "birthday": "🎂", "sun_with_face": "🌞", "sunny": "☀️", "snowflake": "❄️", "dove_of_peace": "🕊️",
    "grinning": "😀", "smiley": "😃", "smile": "😄", "grin": "😁", "laughing": "😆", "satisfied": "😆",
    "sweat_smile": "😅", "joy": "😂", "rolling_on_the_floor_laughing": "🤣", "blush": "😊", "innocent": "😇",
    "slightly_smiling_face": "🙂", "upside_down_face": "🙃", "wink": "😉", "relieved": "😌", "heart_eyes": "😍",
    "kissing_heart": "😘", "yum": "😋", "stuck_out_tongue": "😛", "sunglasses": "😎", "star-struck": "🤩",
    "partying_face": "🥳", "thinking_face": "🤔", "neutral_face": "😐", "expressionless": "😑", "smirk": "😏",
    "unamused": "😒", "face_with_rolling_eyes": "🙄", "grimacing": "😬", "disappointed": "😞", "worried": "😟",
    "confused": "😕", "slightly_frowning_face": "🙁", "white_frowning_face": "☹️", "persevere": "😣",
    "confounded": "😖", "tired_face": "😫", "weary": "😩", "pleading_face": "🥺", "cry": "😢", "sob": "😭",
    "triumph": "😤", "angry": "😠", "rage": "😡", "exploding_head": "🤯", "flushed": "😳", "scream": "😱",
    "cold_sweat": "😰", "sweat": "😓", "hugging_face": "🤗", "zipper_mouth_face": "🤐", "sleeping": "😴",
    "mask": "😷", "skull": "💀", "poop": "💩", "hankey": "💩", "robot_face": "🤖", "see_no_evil": "🙈",
    "cat": "🐱", "dog": "🐶", "flag-ua": "🇺🇦",
}  # fmt: skip

_SHORTCODE = re.compile(r":([a-z0-9_+'-]{1,64}):(?::skin-tone-[2-6]:)?")
_PLAIN = "\ufe0f"
"""The mark that asks for a coloured picture; messengers differ in whether they write it."""
_BY_EMOJI = {emoji.replace(_PLAIN, ""): name for name, emoji in reversed(NAMES.items())}


def emoji_of(name: str) -> str:
    """The emoji that Slack calls `name` (``thumbsup::skin-tone-3`` too), else ``:name:``."""
    bare = name.partition("::")[0]
    return NAMES.get(bare, f":{bare}:")


def name_of(emoji: str) -> str | None:
    """What Slack calls `emoji` (or what ``:name:`` names); None where we do not know."""
    if emoji.startswith(":") and emoji.endswith(":") and len(emoji) > 2:
        return emoji.strip(":")
    return _BY_EMOJI.get(emoji.replace(_PLAIN, ""))


def show_emoji(text: str) -> str:
    """`text` with the shortcodes that we know as emoji."""
    return _SHORTCODE.sub(lambda found: NAMES.get(found[1], found[0]), text)
