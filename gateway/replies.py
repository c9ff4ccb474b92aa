"""How the bot words a decision, in the customer's language. Pure: from decisions to Outbounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from gateway import dialogue
from gateway.contacts import Contact
from gateway.dialogue import AskTopic, Clarify, Decision, Reply, Unknown, Welcome
from gateway.errors import NotFound
from gateway.messages import Button, Outbound, Text
from gateway.ports import Action, Answer, Entity, Knowledge, Reason, Variables
from gateway.recalling import ORDER
from gateway.settings import LANGUAGES, Company
from gateway.texts import Texts, Translator

log = structlog.get_logger()

LONGEST_KIND = "webchat"
"""The channel kind whose variant of an answer is the full one."""
WELCOME = "greeting"
"""The article that greets; where the knowledge base has none, a sentence of ours does."""


class Replies:
    """Words for decisions, from the knowledge base and our own catalogues."""

    def __init__(self, knowledge: Knowledge, texts: Texts, company: Company, hours: Mapping[str, str]) -> None:
        self._knowledge = knowledge
        self._texts = texts
        self._company = company
        self._hours = hours

    def word(
        self,
        decision: Decision,
        *,
        language: str,
        channel_kind: str,
        contact: Contact | None = None,
        entities: Sequence[Entity] = (),
    ) -> list[Outbound]:
        """What to say for `decision`; nothing where another room words it (forms, the queue)."""
        translator = self._texts.translator(language)
        variables = self._variables(language, contact, entities)
        match decision:
            case Reply(article=article):
                answer = self._answer(article, language, channel_kind, variables)
                return [_say_answer(answer) if answer else self._unknown(translator)]
            case Welcome():
                known = self._answer(WELCOME, language, channel_kind, variables)
                return [_say_answer(known)] if known else [_say(self._hello(translator))]
            case Clarify(articles=articles):
                return [self._clarify(articles, language, translator)]
            case Unknown():
                return [self._unknown(translator)]
            case dialogue.Thank():
                return [_say(translator.gettext("Thank you, good to know!"))]
            case dialogue.Sorry():
                return [self._sorry(translator)]
            case AskTopic():
                return [self._ask_topic(translator)]
            case dialogue.HandOver(reason=reason, article=maybe):
                said = self._answer(maybe, language, channel_kind, variables)
                return [_say_answer(said, buttons=False) if said else _say(_farewell(reason, translator))]
            case dialogue.GoOn(article=maybe):
                said = self._answer(maybe, language, channel_kind, variables)
                # The links follow with words of their own.
                return [_say_answer(said, buttons=False)] if said else []
            case dialogue.Begin(article=maybe):
                said = self._answer(maybe, language, channel_kind, variables)
                # The form's own buttons follow, so the article only says its sentence.
                return [_say_answer(said, buttons=False)] if said else []
            case _:
                return []

    def asking_if_helped(self, question: int, language: str) -> tuple[Button, ...]:
        """The two buttons under the answer to message number `question`."""
        _ = self._texts.translator(language).gettext
        return (
            Button(label=_("It helped"), payload=f"{dialogue.HELPED}{question}"),
            Button(label=_("It did not help"), payload=f"{dialogue.NOT_HELPED}{question}"),
        )

    def text_of(
        self, article: str, *, language: str, contact: Contact | None = None, entities: Sequence[Entity] = ()
    ) -> str | None:
        """An article's answer, filled with the customer's data, for an agent; None where it has none."""
        answer = self._answer(article, language, LONGEST_KIND, self._variables(language, contact, entities))
        return answer.text if answer else None

    def _answer(self, article: str | None, language: str, channel_kind: str, variables: Variables) -> Answer | None:
        if article is None:
            return None
        try:
            answer = self._knowledge.answer(article, language, channel_kind, variables)
        except NotFound:
            return None
        if answer.degraded:
            log.warning("template_failed", article=article, language=language, reason=answer.degraded)
        if not answer.text.strip():
            # A condition left nothing for this customer, and nothing is what most messengers would show.
            log.warning("template_empty", article=article, language=language)
            return None
        return answer

    def _clarify(self, articles: Sequence[str], language: str, translator: Translator) -> Outbound:
        _ = translator.gettext
        buttons = [
            Button(label=self._knowledge.title(article, language) or article, payload=dialogue.ARTICLE + article)
            for article in articles
        ]
        buttons.append(Button(label=_("None of these"), payload=dialogue.NONE_OF_THESE))
        return _say(_("Let me make sure I understand. Did you mean…"), buttons)

    def _unknown(self, translator: Translator) -> Outbound:
        _ = translator.gettext
        return _say(
            _("I don't know the answer to that. Try to put it another way, or I can call a person in."),
            _people(translator),
        )

    def _sorry(self, translator: Translator) -> Outbound:
        _ = translator.gettext
        return _say(
            _("I am sorry that it did not help. Try to put it another way, or I can call a person in."),
            _people(translator),
        )

    def _ask_topic(self, translator: Translator) -> Outbound:
        _ = translator.gettext
        return _say(
            _("I'll gladly call a person in. What is it about? I may be able to help at once."),
            [Button(label=_("Talk to a person"), payload=dialogue.PERSON)],
        )

    def _hello(self, translator: Translator) -> str:
        return translator.gettext("Hello! I am the assistant of {company}. How can I help?").format(
            company=company_name(self._company, translator.language)
        )

    def _variables(self, language: str, contact: Contact | None, entities: Sequence[Entity]) -> Variables:
        person = _person(contact) if contact else {}
        if contact:
            person |= contact.details
        # The order named earlier, perhaps in another messenger: nobody is asked for it twice.
        known = {name: person[name] for name in (ORDER,) if name in person}
        return {
            "company": company_variables(self._company, language, self._hours),
            "contact": person,
            "entities": known | _entity_variables(entities),
        }


def _people(translator: Translator) -> tuple[Button, ...]:
    """The ways to a person."""
    _ = translator.gettext
    return (
        Button(label=_("Talk to a person"), payload=dialogue.PERSON),
        Button(label=_("Ask for a call"), payload=dialogue.CALLBACK),
    )


def company_name(company: Company, language: str) -> str:
    """The firm's name in `language`, else in any."""
    return company.name.get(language) or next(iter(company.name.values()), "")


def company_variables(company: Company, language: str, hours: Mapping[str, str]) -> dict[str, str]:
    """What templates may say of the firm; `hours` are its opening hours in words, by language."""
    return {
        "name": company_name(company, language),
        "phone": company.phone,
        "email": company.email,
        "site": company.site,
        "hours": hours.get(language, ""),
    }


def _person(contact: Contact) -> dict[str, str]:
    return {
        "name": contact.name or "",
        "phone": contact.phone or "",
        "email": contact.email or "",
        "language": contact.language or "",
    }


def reply_language(*wanted: str | None, default: str) -> str:
    """The first of `wanted` that the bot speaks, else `default`."""
    return next((language for language in wanted if language in LANGUAGES), default)


def is_handoff(decision: Decision, action: Action | None) -> bool:
    """Whether `decision` ends at a person (or an offer of one) rather than in an answer."""
    match decision:
        case Reply():
            return action is Action.DECLINE
        case Unknown() | AskTopic() | dialogue.HandOver() | dialogue.Begin():
            return True
        case _:
            return False


def _say(text: str, buttons: Sequence[Button] = ()) -> Outbound:
    return Outbound(parts=(Text(text=text, markdown=True),), buttons=tuple(buttons))


def _say_answer(answer: Answer, *, buttons: bool = True) -> Outbound:
    return Outbound(
        parts=(Text(text=answer.text, markdown=True),),
        buttons=answer.buttons if buttons else (),
        article=answer.article,
    )


def _entity_variables(entities: Sequence[Entity]) -> dict[str, str]:
    names = {"order": "order_number", "phone": "phone", "email": "email", "time": "time"}
    found: dict[str, str] = {}
    for entity in entities:
        found.setdefault(names[entity.kind], entity.value)
    return found


def _farewell(reason: Reason, translator: Translator) -> str:
    _ = translator.gettext
    match reason:
        case Reason.ANGRY:
            return _("I am sorry about this. A colleague will take it from here and already sees our conversation.")
        case Reason.ATTACHMENT:
            return _("Thank you, I have passed it on: a colleague will look at it.")
        case Reason.NOT_UNDERSTOOD:
            return _("I don't want to waste your time. A colleague will help; you need not repeat anything.")
        case Reason.FAILURE:
            return _("Something went wrong on my side. A colleague will help; you need not repeat anything.")
        case _:
            return _("I am calling a colleague in. They will see everything we have written; no need to repeat it.")
