"""A small shop's phrasings: enough to train on in a blink, in three languages."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.learning import Phrase
from gateway.ports import Utterance

_SHOP = {
    "price": {
        "uk": "скільки коштує доставка|яка ціна доставки|вартість пересилання|тарифи на доставку|почім відправити",
        "ru": "сколько стоит доставка|какая цена доставки|стоимость пересылки|тарифы на доставку|почем отправить",
        "en": "how much is delivery|delivery price|shipping cost|what are your rates|how much to send a box",
    },
    "track": {
        "uk": "де моя посилка|відстежити посилку|статус відправлення|коли прийде посилка|де зараз мій пакунок",
        "ru": "где моя посылка|отследить посылку|статус отправления|когда придет посылка|где сейчас мой пакет",
        "en": "where is my parcel|track my package|parcel status|when will my parcel arrive|where is my box now",
    },
    "hours": {
        "uk": "до котрої ви працюєте|графік роботи|чи відкрито в неділю|години роботи|коли зачиняєтесь",
        "ru": "до скольки работаете|график работы|открыто ли в воскресенье|когда закрываетесь",
        "en": "opening hours|when do you close|are you open on sunday|what time do you open|working hours",
    },
    "person": {
        "uk": "покличте оператора|хочу поговорити з людиною|з'єднайте з менеджером|живий оператор|потрібна людина",
        "ru": "позовите оператора|хочу поговорить с человеком|соедините с менеджером|живой оператор|нужен человек",
        "en": "talk to a person|I want an agent|connect me to an operator|human please|speak to your staff",
    },
    "broken": {
        "uk": "посилка пошкоджена|розбили вазу|коробка порвана|товар зламаний|все побилося",
        "ru": "посылка повреждена|разбили вазу|коробка порвана|товар сломан|все побилось",
        "en": "my parcel is damaged|the vase is broken|the box is torn|goods are smashed|everything broke",
    },
    "pay": {
        "uk": "чи можна оплатити карткою|як заплатити|приймаєте готівку|оплата онлайн|способи оплати",
        "ru": "можно ли оплатить картой|как заплатить|принимаете наличные|оплата онлайн|способы оплаты",
        "en": "can I pay by card|how do I pay|do you take cash|online payment|payment methods",
    },
}

PHRASES = tuple(
    Phrase(intent=intent, language=language, text=text)
    for intent, languages in _SHOP.items()
    for language, listed in languages.items()
    for text in listed.split("|")
)

NOW = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Kyiv."""
ZONE = "Europe/Kyiv"


def utterance(text: str, language: str | None = None) -> Utterance:
    """`text`, said in Kyiv at `NOW`."""
    return Utterance(text=text, now=NOW, zone=ZONE, language=language)
