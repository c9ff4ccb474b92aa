"""Somebody comes over from another channel: what they hear there, in their language. In the turn's transaction."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from msgspec import structs

from gateway.channels import Channel
from gateway.contacts import Contact, Identity
from gateway.conversations import Conversation, State
from gateway.errors import RequestRefused
from gateway.identity import claims_of
from gateway.messages import Author, Button, Inbound, Outbound, Start, Text
from gateway.people.continuing import Continuing
from gateway.people.joining import Joined
from gateway.people.naming import channel_word
from gateway.people.proof_form import ProofForm
from gateway.people.proving import Proving
from gateway.ports import Clock
from gateway.replies import reply_language
from gateway.settings import Company
from gateway.speaking import Speaker
from gateway.storage.inbox import InboxRow
from gateway.storage.work import Work
from gateway.texts import Texts, Translator

log = structlog.get_logger()


class Arrivals:
    """What a turn does with a code that continues a conversation, and with what a message proves of its sender."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        proving: Proving,
        continuing: Continuing,
        speaker: Speaker,
        texts: Texts,
        company: Company,
        clock: Clock,
        proof_form: ProofForm,
    ) -> None:
        self._proof_form = proof_form
        self._channels = channels
        self._proving = proving
        self._continuing = continuing
        self._speaker = speaker
        self._texts = texts
        self._company = company
        self._clock = clock

    async def recognise(self, work: Work, identity: Identity, inbound: Inbound) -> Joined | None:
        """Note what `inbound` proves of its sender, and join them with whom that shows them to be."""
        sender = inbound.sender
        if sender.verified and not identity.verified:
            work.contacts.update_identity(identity.id, verified=True)
        claims = claims_of(inbound, identity.channel, self._channels[identity.channel].capabilities)
        return await self._proving.prove(work, identity.contact_id, claims) if claims else None

    async def arrive(self, work: Work, row: InboxRow, identity: Identity, inbound: Inbound, code: str) -> None:
        """They show `code`: go on with what was begun elsewhere, or say in words that help that it is not good.

        The code itself is not kept in the transcript.
        """
        taken = await self._continuing.take(work, code, identity)
        identity = await work.contacts.identity(row.identity_id)
        contact = await work.contacts.get(identity.contact_id)
        conversation = await self._here(work, identity, contact)
        began = conversation.last_seq == 0
        heard = structs.replace(inbound, parts=(Start(),))
        await self._speaker.hear(work, conversation, heard, row.channel)
        if taken is not None and taken.again:
            return
        texts = self._translator(conversation, contact, inbound)
        if taken is None:
            await self._say(work, conversation, _not_good(texts))
        else:
            await self.welcome_back(work, conversation, texts, began=began)
        log.info("arrived", conversation=conversation.id, good=taken is not None)

    async def proves(self, work: Work, identity: Identity, conversation: Conversation, inbound: Inbound) -> bool:
        """Whether `inbound`, which stands in the transcript, was for the form that proves an address; then it is
        dealt with. While an agent answers nothing is."""
        if conversation.state is State.AGENT or not self._proof_form.wants(conversation, inbound):
            return False
        contact = await work.contacts.get(identity.contact_id)
        texts = self._translator(conversation, contact, inbound)
        step = await self._proof_form.step(work, conversation, identity, inbound, texts)
        if step.unhandled:
            work.conversations.change(conversation.id, form=None)
            return False
        if step.proven is None:
            work.conversations.change(conversation.id, form=step.form)
            if step.reply:
                await self._speaker.say(work, conversation, step.reply)
            return True
        work.conversations.change(conversation.id, form=None, offers=())
        joined = await self._proving.prove(work, contact.id, [step.proven])
        identity = await work.contacts.identity(identity.id)
        here = await self._here(work, identity, await work.contacts.get(identity.contact_id))
        if joined is not None and here.id != conversation.id:
            await self.welcome_back(work, here, texts, began=False)
        else:
            await self._say(work, here, texts.gettext("Thank you, I know you now. How can I help?"))
        return True

    async def goes_on(self, work: Work, conversation: Conversation, contact: Contact, inbound: Inbound) -> None:
        """A proof has brought over what was open elsewhere: say so before anything else is said."""
        await self.welcome_back(work, conversation, self._translator(conversation, contact, inbound), began=False)

    async def welcome_back(self, work: Work, conversation: Conversation, texts: Translator, *, began: bool) -> None:
        """One sentence, with the choices that are still open under it."""
        words = texts.gettext("We go on here; there is no need to repeat anything.")
        if began:
            words = texts.gettext("Here we are. Write what you need.")
        elif conversation.state is State.AGENT and conversation.agent_id is not None:
            agent = await work.staff.get(conversation.agent_id)
            words = texts.gettext("We go on here: {name} sees everything you have written.").format(name=agent.name)
        await self._say(work, conversation, words)

    async def ways(self, work: Work, conversation: Conversation, language: str) -> Outbound:
        """The links to go on in other messengers from where they write now, and the code for those without."""
        identity = await work.contacts.identity(conversation.identity_id)
        texts = self._texts.translator(language)
        _ = texts.gettext
        if len(self._channels) == 1:
            return Outbound(parts=(Text(text=_("We can be reached only here for now.")),))
        try:
            offer = await self._continuing.offer(work, identity)
        except RequestRefused:
            return Outbound(parts=(Text(text=_("That was a lot of links; please use one of them.")),))
        words = _("Send us this code there, in a message of its own: {code}\nIt works once and for ten minutes.")
        if offer.ways:
            words = _("The way to go on, once and for ten minutes. In any other messenger send us this code: {code}")
        buttons = tuple(
            Button(label=_("Continue in {channel}").format(channel=channel_word(way.kind, texts)), url=way.url)
            for way in offer.ways
        )
        proving = self._proof_form.button(texts)
        return Outbound(
            parts=(Text(text=words.format(code=offer.code)),), buttons=(*buttons, *((proving,) if proving else ()))
        )

    async def _here(self, work: Work, identity: Identity, contact: Contact) -> Conversation:
        found = await work.conversations.open_of(contact.id)
        if found is None:
            return await work.conversations.add(identity=identity, language=contact.language, now=self._clock())
        return found if found.identity_id == identity.id else work.conversations.answer_at(found, identity)

    async def _say(self, work: Work, conversation: Conversation, words: str) -> None:
        buttons = tuple(Button(label=offer.label, payload=offer.payload) for offer in conversation.offers)
        said = Outbound(parts=(Text(text=words),), buttons=buttons, author=Author.SYSTEM)
        await self._speaker.say(work, conversation, said)

    def _translator(self, conversation: Conversation, contact: Contact, inbound: Inbound) -> Translator:
        language = reply_language(
            conversation.language, contact.language, inbound.sender.language, default=self._company.language
        )
        return self._texts.translator(language)


def _not_good(texts: Translator) -> str:
    return texts.gettext(
        "This link or code does not work: each works once and for ten minutes. Ask for a new one where you wrote "
        "before, or simply write here what you need."
    )
