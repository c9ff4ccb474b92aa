"""The words with which people name days and hours, in Ukrainian, Russian and English.

One line a meaning: kind, number, then the words as a regular expression over normalised words. A word may
have several meanings («час» is one o'clock or an hour); the grammar in `nlu.time_grammar` tries them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache


class Kind(StrEnum):
    """What a word can stand for; the number that goes with it in brackets."""

    DAY = "day"  # relative day (days from today)
    WEEKDAY = "weekday"  # (0 Monday … 6 Sunday)
    WEEKEND = "weekend"
    MONTH = "month"  # (1–12)
    DATE = "date"  # «числа»
    PART = "part"  # part of the day (index into `PARTS`)
    NUMBER = "number"
    NEXT = "next"
    THIS = "this"
    WEEK = "week"
    MINUTES = "minutes"  # unit (minutes in it)
    DAYS = "days"  # unit (days in it)
    HALF_HOUR = "half_hour"
    HALF = "half"
    HALF_TO = "half_to"  # «полшестого» (the hour it is half way to)
    HALF_MORE = "half_more"  # «півтори»: one and a half
    QUARTER = "quarter"
    PAST = "past"
    OCLOCK = "oclock"
    MIDNIGHT = "midnight"
    PM = "pm"  # (0 or 12)
    AT = "at"
    ON = "on"
    AFTER = "after"
    BEFORE = "before"
    FROM = "from"
    TO = "to"
    BETWEEN = "between"
    AND = "and"
    IN = "in"
    LESS = "less"  # «без», «за»: quarter to
    NOT = "not"
    LATER = "later"  # «не пізніше», "no later than"
    SOONER = "sooner"
    THAN = "than"
    CLOSER = "closer"  # «ближче до», «ближе к»
    END = "end"  # of the week
    URGENT = "urgent"  # by which a phrase of `nlu.urgency_grammar` is known
    CLOSING = "closing"  # what may follow «о 15»: please, call me


PARTS = ((6, 12), (12, 18), (18, 22), (22, 30), (12, 14))
"""Morning, afternoon, evening, night and noon in local hours; 30 is six in the next morning."""
MORNING, AFTERNOON, EVENING, NIGHT, NOON = range(5)

_WORDS = r"""
day 0       сьогодні|сьодні|сегодня|седня|today
day 1       завтра|взавтра|tomorrow|tomorow|tmrw|tomorrows
day 2       післязавтра|послезавтра|позавтра
weekday 0   понеділ\w+|понедельник\w*|monday|mon|пн
weekday 1   вівтор\w+|вторник\w*|tuesday|tues?|вт
weekday 2   серед[ауи]|середою|сред[ауы]|средой|wednesday|wed|ср
weekday 3   четвер|четверг\w*|четвергу|thursday|thu|thurs?|чт
weekday 4   п'ятниц\w+|пятниц\w+|friday|fri|пт
weekday 5   субот\w+|суббот\w+|saturday|сб
weekday 6   неділ[яюі]|неділею|воскресень\w+|sunday|нд|вс
weekend 0   вихідн\w+|выходн\w+|weekend|weekends|уікенд
month 1     січ(?:ень|ня|ні)|январ[ьяе]|january|jan
month 2     лют(?:ий|ого|ому)|феврал[ьяе]|february|feb
month 3     берез(?:ень|ня|ні)|март[ае]?|march|mar
month 4     квіт(?:ень|ня|ні)|апрел[ьяе]|april|apr
month 5     трав(?:ень|ня|ні)|ма[йяе]|may
month 6     черв(?:ень|ня|ні)|июн[ьяе]|june|jun
month 7     лип(?:ень|ня|ні)|июл[ьяе]|july|jul
month 8     серп(?:ень|ня|ні)|август[ае]?|august|aug
month 9     верес(?:ень|ня|ні)|сентябр[ьяе]|september|sept?
month 10    жовт(?:ень|ня|ні)|октябр[ьяе]|october|oct
month 11    листопад[аі]?|ноябр[ьяе]|november|nov
month 12    груд(?:ень|ня|ні)|декабр[ьяе]|december|dec
date 0      числ[оа]
part 0      вранці|зранку|уранці|ранку|ранком|ранок|утром|утра|утро|утречком|morning|mornings
part 1      вдень|удень|дня|днем|пообіді|afternoon|пополудні
part 2      ввечері|увечері|вечора|вечором|вечору|вечір|надвечір|evening|evenings
part 2      вечером|вечера|вечеру|вечер|вечерком|вечерочком
part 3      вночі|уночі|ночі|ночью|ночи|night
part 4      обід\w{0,2}|обед\w{0,2}|обеденн\w+|lunch|lunchtime|noon|midday|опівдні|полдень|полудень
number 1    один|одна|одну|першій|першої|першу|перша|перше|першого|час|часа|одного|первого|первое|one|first
number 2    два|дві|двох|другій|другої|другу|друга|другого|двух|второго|two|second
number 3    три|трьох|третій|третьої|третю|третя|трех|третьего|three|third
number 4    чотири|чотирьох|четвертій|четвертої|четверту|четверта|четыре|четырех|четвертого|four
number 5    п'ять|пять|п'яти|п'ятій|п'ятої|п'яту|п'ята|пяти|пятого|five
number 6    шість|шести|шостій|шостої|шосту|шоста|шесть|шестого|six
number 7    сім|семи|сьомій|сьомої|сьому|сьома|семь|седьмого|seven
number 8    вісім|восьми|восьмій|восьмої|восьму|восьма|восемь|восьмого|eight
number 9    дев'ять|девять|дев'яти|дев'ятій|дев'ятої|дев'яту|дев'ята|девяти|девятого|nine
number 10   десять|десяти|десятій|десятої|десяту|десята|десятого|ten
number 11   одинадцят(?:ь|и|ій|ої|у|а)|одиннадцать|одиннадцати|одиннадцатого|eleven
number 12   дванадцят(?:ь|и|ій|ої|у|а)|двенадцать|двенадцати|двенадцатого|twelve
number 13   тринадцят(?:ь|и|ій|ої|у|а)|тринадцат(?:ь|и|ого)|thirteen
number 14   чотирнадцят(?:ь|и|ій|ої|у|а)|четырнадцат(?:ь|и|ого)|fourteen
number 15   п'ятнадцят(?:ь|и|ій|ої|у|а)|пятнадцат(?:ь|и|ого)|fifteen
number 16   шістнадцят(?:ь|и|ій|ої|у|а)|шестнадцат(?:ь|и|ого)|sixteen
number 17   сімнадцят(?:ь|и|ій|ої|у|а)|семнадцат(?:ь|и|ого)|seventeen
number 18   вісімнадцят(?:ь|и|ій|ої|у|а)|восемнадцат(?:ь|и|ого)|eighteen
number 19   дев'ятнадцят(?:ь|и|ій|ої|у|а)|девятнадцат(?:ь|и|ого)|nineteen
number 20   двадцят(?:ь|и|ій|ої|у|а|ого)|двадцат(?:ь|и|ого)|twenty
number 30   тридцят(?:ь|и|ого)|тридцат(?:ь|и|ого)|thirty
number 40   сорок|сорока|forty
number 50   п'ятдесят|п'ятдесяти|пятьдесят|пятидесяти|fifty
number 2    пару|пара|couple
next 0      наступн\w+|следующ\w+|след|слідуюч\w+|next
this 0      ц(?:ей|я|ю|ієї|ій|ього|ьому|і)|эт(?:от|а|у|ой|ого|ом|и)|ближайш\w+|найближч\w+|this|coming
week 0      тижд(?:ень|ня|ні)|тижнем|тижні|тижня|недел[яюеи]|неделей|week
minutes 1   хв|хвилин\w*|хвилинок|мин|минут\w*|minutes?|mins?
minutes 60  годин[ауиі]?|годинку|годинок|годину|час|часа|часов|часик\w*|часок|hours?|hrs?
minutes 60  h|hr|ч
days 1      день|дні|дня|днів|дней|дн|days?|добу|сутки
days 7      тижд(?:ень|ня|ні|нів)|тижні|тижнів|недел[юьи]|weeks?
days 30     місяц\w+|месяц\w*|months?
half_hour 0 півгодини|півгодинки|півгодинку|півгодинкою|полчас[аи]|полчасика
half_more 0 півтор(?:и|а|ої)|полтор(?:а|ы)|полутора
half_to 1   полпервого|півпершої
half_to 2   полвторого|півдругої
half_to 3   полтретьего|півтретьої
half_to 4   полчетвертого|півчетвертої
half_to 5   полпятого|півп'ятої
half_to 6   полшестого|півшостої
half_to 7   полседьмого|півсьомої
half_to 8   полвосьмого|піввосьмої
half_to 9   полдевятого|півдев'ятої
half_to 10  полдесятого|півдесятої
half_to 11  полодиннадцатого|піводинадцятої
half_to 12  полдвенадцатого|півдванадцятої
half 0      пів|пол|половин[іеуы]|half
quarter 0   чверть|чверті|четверть|четверти|quarter|quarters
past 0      past
oclock 0    год|година|години|годині|годин|h|час|часа|часов|o'clock|oclock|г|ч
midnight 0  опівночі|півночі|полночь|полуночи|midnight
pm 12       pm
pm 0        am
at 0        в|у|о|об|at|во|o|к|ко
on 0        на|on|the|by|по|близько|около|приблизно|примерно|десь|around|about
after 0     після|после|опісля|писля|after|past
before 0    до|перед|before|until|till|by
from 0      з|із|зі|с|со|c|від|от|from|начиная|починаючи|since
to 0        до|по|to|till|until|на
between 0   між|между|between
and 0       і|та|й|и|and
in 0        через|чрез|in|за
less 0      без|за|to
not 0       не|no|not
later 0     пізніше|пізніш|позже|позднее|попозже|later
sooner 0    раніше|раніш|раньше|ранее|earlier|sooner
than 0      ніж|чем|за|than|від|от
closer 0    ближче|ближе|поближче|поближе|closer
end 0       наприкінці|кінці|кінця|конце|концу|конца|end
urgent 0    зараз|сейчас|щас|негайно|немедленно|терміново|срочно|immediately|urgently|asap|now|soon|away
urgent 0    якнайшвидше|якнайскоріше|щонайшвидше|найшвидше|швидше|скоріше|поскорее|скорее|побыстрее|быстрее
closing 0   будь|ласка|прошу|пож\w*|плиз|пліз|пж\w*|please|pls|plz|подзвон\w+|передзвон\w+|зателефон\w+
closing 0   дзвон\w+|позвон\w+|перезвон\w+|звон\w+|набер\w+|чекаю|чекатиму|жду|буду|зможу|смогу|вільн\w+
closing 0   свободн\w+|можна|можно|зручно|удобно|call|ring|phone|is|works|suits|would|if|якщо|если|бо|або
closing 0   или|or|мені|мне|me|дякую|спасибо|thanks
"""


_DATED = (Kind.DAY, Kind.WEEKDAY, Kind.WEEKEND, Kind.WEEK, Kind.MONTH)
_TIMED = (
    *(Kind.PART, Kind.NUMBER, Kind.MINUTES, Kind.DAYS, Kind.HALF_HOUR, Kind.HALF_MORE),
    *(Kind.HALF, Kind.HALF_TO, Kind.QUARTER, Kind.MIDNIGHT, Kind.URGENT),
)
ANCHORS = frozenset((*_DATED, *_TIMED))
TONIGHT = "tonight"
"""Without a word that can mean one of these, this word or a digit, no time is named."""


@cache
def _table() -> tuple[tuple[Kind, int, re.Pattern[str]], ...]:
    rows = (line.split(maxsplit=2) for line in _WORDS.strip().splitlines())
    return tuple((Kind(kind), int(number), re.compile(words)) for kind, number, words in rows)


@cache
def _any() -> re.Pattern[str]:
    return re.compile("|".join(pattern.pattern for _, _, pattern in _table()))


def meanings(word: str) -> dict[Kind, int]:
    """What a normalised word can mean, with its numbers; empty for a word that tells no time."""
    found: dict[Kind, int] = {}
    if not _any().fullmatch(word):
        return found
    for kind, number, pattern in _table():
        if kind not in found and pattern.fullmatch(word):
            found[kind] = number
    return found
