"""Everything we say of ourselves, in the reader's language, from gettext catalogues.

The English text in the code is the key; `<package>/locale/<language>.po` hold Ukrainian and Russian.
Catalogues are compiled when read, so nothing generated lies in the tree.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from gateway.settings import LANGUAGES

PACKAGES = ("gateway", "bots", "nlu", "handoff", "knowledge_base")


class Translator:
    """Texts, numbers, dates and times for one language."""

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self.translations = translations
        self._locale = Locale.parse(language)

    def gettext(self, message: str) -> str:
        """`message` in this language; the English one where it is not translated."""
        return self.translations.gettext(message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """The form that fits `count` (three forms in Ukrainian and Russian)."""
        return self.translations.ngettext(singular, plural, count)

    def number(self, value: float, digits: int = 1) -> str:
        """`value` with at most `digits` decimals, as people write it: «12 345,5», ``12,345.5`` (CLDR's rules)."""
        return format_decimal(value, "#,##0." + "#" * digits, locale=self._locale)

    def percent(self, share: float, digits: int = 0) -> str:
        """`share` of 1 in per cent with at most `digits` decimals: «12,5%», «12,5 %», ``12.5%`` (CLDR's rules)."""
        # CLDR's own pattern says where the sign stands and whether a space parts it from the number.
        pattern = self._locale.percent_formats[None].pattern.replace("0", "0." + "#" * digits)
        return format_percent(share, pattern, locale=self._locale)

    def time(self, moment: datetime, zone: str) -> str:
        """The clock time in `zone`, as 14:30."""
        return format_time(moment.astimezone(ZoneInfo(zone)), "HH:mm", locale=self._locale)

    def day(self, moment: datetime, zone: str) -> str:
        """Weekday and date in `zone`, as «пʼятниця, 27 листопада»."""
        return format_date(moment.astimezone(ZoneInfo(zone)), "EEEE, d MMMM", locale=self._locale)

    def moment(self, moment: datetime, zone: str) -> str:
        """Date and time in `zone`, short."""
        return format_datetime(moment.astimezone(ZoneInfo(zone)), "d MMM, HH:mm", locale=self._locale)


class Texts:
    """The translators of all languages, read once from the packages' catalogues."""

    def __init__(self, root: Path | None = None) -> None:
        root = root or Path(__file__).parent.parent
        self._translators = {
            language: Translator(language, _load(_catalogues(root, language), language)) for language in LANGUAGES
        }

    def translator(self, language: str | None) -> Translator:
        """The translator for `language`; for an unknown one, English."""
        return self._translators.get(language or "", self._translators["en"])


def _catalogues(root: Path, language: str) -> list[Path]:
    return [path for package in PACKAGES for path in sorted((root / package).glob(f"**/locale/{language}.po"))]


def _load(files: Iterable[Path], language: str) -> gettext.NullTranslations:
    merged: gettext.NullTranslations = gettext.NullTranslations()
    for path in files:
        with path.open("rb") as source:
            # Without a locale Babel would drop the plural forms of a catalogue that names no language.
            catalogue = read_po(source, locale=language)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
        translations.add_fallback(merged)
        merged = translations
    return merged
