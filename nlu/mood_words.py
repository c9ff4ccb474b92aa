"""The words of anger in Ukrainian, Russian and English, by what they are, with how much each kind weighs.

A pattern is a regular expression for a whole normalised word; `_` joins the words of a phrase. Weights are
combined as chances are: two of 0.45 make 0.7. What alone must not call a person stays under 0.7.
"""

from __future__ import annotations

from gateway.messages import Value


class Kind(Value, frozen=True, kw_only=True):
    """A kind of angry words: its key, its weight alone, and its weight with "you" within a few words."""

    key: str
    weight: float
    to_us: float
    patterns: str


KINDS = (
    Kind(
        key="swearing",
        weight=0.72,
        to_us=0.8,
        patterns=r"""
        бля бл[яе]д\w* блять блядь сука суки сучий сучка (?:на|по|о|до|ни|ні)?ху(?:й|я|ю|и|і|є|е|ї|йн)\w* оху\w+
        аху[еєї]\w+ нах нахер похер пох нафіг (?:с|з|за|от|від|рас|роз|о|на)?пизд\w*
        (?:за|до|по|на|від|отъ|вы|ви|про|у|об|зъ|съ|изъ|пере|разъ|рас|роз)?[еє]б(?:а|и|у|о|л|н|і)\w* уеб\w*
        уєб\w* мудак\w* мудил\w* гандон\w* пид[оа]р\w* підор\w* шлюх\w* fuck\w* motherfuck\w* wtf asshole\w*
        bastards? bitch\w* cunt\w* bullshit dickheads? shitty
        """,
    ),
    Kind(
        key="coarse words",
        weight=0.45,
        to_us=0.6,
        patterns=r"""
        гівн\w* говн\w* лайн[оа] дерьм\w* хрєнов\w* хренов\w* срань срав\w* срат\w* задниц\w* жоп\w* дупа shit
        crap piss\w*
        """,
    ),
    Kind(
        key="insult",
        weight=0.5,
        to_us=0.7,
        patterns=r"""
        дебіл\w* дебил\w* ідіот\w* идиот\w* кретин\w* придур\w* тупиц[іы] тупоголов\w+ козел козл[иы] скот[иы]на
        скоти сволоч\w* тварюк\w* падл\w* урод[иы]? покидьк\w* мраз[ьиі] гнид\w* недоумк\w* шахра[їй]\w*
        мошенник\w* аферист\w* злоді[їй] злодюг\w* ворюг\w* воры ворье кидал[иы] брехун\w* брехл\w+ лжец\w*
        врун\w* бездар\w* нікчем\w* никчемн\w* безмозк\w* безмозгл\w* рукожоп\w* криворук\w* idiots? morons?
        imbeciles? scum scammers? thieves crooks? liars? incompetent useless pathetic clowns jerks?
        """,
    ),
    Kind(
        key="rudeness",
        weight=0.15,
        to_us=0.5,
        patterns=r"""
        дурн(?:ий|а|і|ой|ая|ые) дурень дурак\w* дура туп(?:ий|а|і|ой|ая|ые) stupid dumb silly
        """,
    ),
    Kind(
        key="outrage",
        weight=0.45,
        to_us=0.5,
        patterns=r"""
        жах жахлив\w* жахіття кошмар\w* ганьб\w* ганебн\w* неподобств\w* безлад бардак свавілл\w* обурен\w*
        обурлив\w* огидн\w* відразлив\w* неприпустим\w* нахабств\w* нахабн\w* знуща\w+ ужас ужасн\w* позор\w*
        безобраз\w* беспредел\w* возмущен\w* возмутительн\w* отвратительн\w* мерзк\w* недопустим\w* наглост\w*
        хамств\w* хамло издева\w+ свинств\w* омерзительн\w* outrag\w* disgust\w* disgrac\w* appalling
        unacceptable ridiculous horrible horrendous atrocious furious terrible awful dreadful shambles joke_of_a
        shame_on
        """,
    ),
    Kind(
        key="out of patience",
        weight=0.45,
        to_us=0.5,
        patterns=r"""
        скільки_можна скіки_можна сколько_можно скока_можно доки_можна достал[иа] дістал[иа] задовбал\w*
        заколебал\w* задолбал\w* заманал\w* набридл[оиа] надоел[оиа] терпець_урвався терпіння_урвалося
        терпение_лопнуло терпение_кончилось нерви_не нервы_не скільки_ще_чекати сколько_еще_ждать
        ви_взагалі_працюєте вы_вообще_работаете вам_плювати вам_плевать всім_плювати всем_плевать fed_up sick_of
        sick_and_tired how_many_times lost_my_patience enough_is_enough had_enough nobody_cares you_don't_care
        do_you_even
        """,
    ),
    Kind(
        key="threat",
        weight=0.35,
        to_us=0.4,
        patterns=r"""
        подам_в_суд подаю_в_суд подам_до_суду через_суд у_суді в_суде прокуратур\w* адвокат\w* юрист\w*
        держпродспожив\w* роспотреб\w* поліці[юяї] полици[юия] засуджу засужу на_вас_заяву на_вас_заявление
        буду_скаржитис\w+ буду_жаловаться sue suing lawyers? court trading_standards consumer_protection
        report_you
        """,
    ),
    Kind(
        key="discontent",
        weight=0.2,
        to_us=0.25,
        patterns=r"""
        скарг\w* поскаржит\w* скаржус\w* жалоб\w* пожалова\w+ жалуюс\w* розчарован\w* разочарован\w*
        незадоволен\w* недоволен недовольн\w* блін блин чорт чорта черт черта хрін хрен фігн\w* фигн\w*
        найгірш\w* худш\w* complain\w* disappoint\w* dissatisfied unhappy angry annoyed damn damned bloody hell
        worst rubbish
        """,
    ),
)

NEGATIONS = r"""
не ні ані без нема немає ни нет not no never isn't wasn't aren't don't didn't won't nothing nobody hardly
"""
"""Before an angry word they take its edge off: «не жах», "not terrible"."""

KIND_WORDS = r"""
дяку\w* спасиб\w* вдячн\w* благодар\w* гарн\w* добр\w* чудов\w* рад\w* мил\w* приємн\w* приятн\w* ввічлив\w*
вежлив\w* хорош\w* круто красив\w* смачн\w* вкусн\w* цікав\w* интересн\w* задоволен\w* довол[еь]н\w* швидк\w*
быстр\w* класн\w* классн\w* люблю
thank\w* thx grateful kind nice good great helpful sorry pleased happy glad lovely fast sweet polite cool funny
"""
"""After a strong adverb they make it praise: "terribly kind", «страшно вдячна», «чертовски приятно»."""

US = "ви вы вас вам вами ваш\\w* ти ты тебе тебя твій твой you your you're youre u ur"
"""Words by which it is us who are meant."""
