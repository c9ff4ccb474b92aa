"""Whether an answer helped: the two buttons under it, and what a press of one says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import structs

from gateway.channels import Channel
from gateway.contacts import Contact
from gateway.conversations import State
from gateway.dialogue import HELPED, NOT_HELPED, VOTE, Decision, Reply
from gateway.messages import Value
from gateway.ports import Action, Knowledge, Outcome, Situation
from gateway.replies import Replies
from gateway.settings import Dialogue
from gateway.storage.votes import Votes
from gateway.storage.work import Work


class Vote(Value, frozen=True, kw_only=True):
    """What a press says: whether the answer to the customer's message number `message` helped."""

    message: int
    helped: bool


def is_vote(choice: str | None) -> bool:
    """Whether a chosen payload is a vote's."""
    return choice is not None and choice.startswith(VOTE)


def read_vote(choice: str | None) -> Vote | None:
    """The vote that a chosen payload is; None where it is none, or one that nobody of us made."""
    for prefix, helped in ((HELPED, True), (NOT_HELPED, False)):
        if choice is not None and choice.startswith(prefix):
            number = choice.removeprefix(prefix)
            if number.isascii() and number.isdecimal() and int(number) < 2**63:
                return Vote(message=int(number), helped=helped)
    return None


class Voting:
    """Asks under answers, and counts; everything happens in the caller's transaction."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        knowledge: Knowledge,
        replies: Replies,
        policy: Callable[[], Dialogue],
    ) -> None:
        self._channels = channels
        self._knowledge = knowledge
        self._replies = replies
        self._policy = policy

    def ask(self, situation: Situation, decision: Decision, outcome: Outcome, question: int) -> Outcome:
        """`outcome` with the buttons under its answer, where it is one that may help: not under greetings and the
        like, nor beside a form. `question` is the number of the message that it answers."""
        if not isinstance(decision, Reply) or not self._asks(situation, decision.article):
            return outcome
        answer, *rest = outcome.replies
        buttons = self._replies.asking_if_helped(question, situation.language)
        # As a list under every answer it would be anything but quiet: where it is no button, it is not asked.
        room = self._channels[situation.conversation.channel].capabilities.buttons
        if answer.article != decision.article or len(answer.buttons) + len(buttons) > room:
            return outcome
        asking = structs.replace(answer, buttons=(*answer.buttons, *buttons))
        return structs.replace(outcome, replies=(asking, *rest))

    async def count(self, work: Work, contact: Contact, choice: str | None, now: datetime) -> bool | None:
        """Whether it helped, says a vote that is new; None where the choice is no vote, or changes nothing."""
        vote = read_vote(choice)
        if vote is None:
            return None
        votes = Votes(work.connection)
        new = await votes.cast(contact_id=contact.id, message_id=vote.message, helped=vote.helped, now=now)
        return vote.helped if new else None

    def _asks(self, situation: Situation, article: str) -> bool:
        policy, conversation = self._policy(), situation.conversation
        return (
            policy.ask_helped
            and conversation.state is State.BOT
            and conversation.form is None
            and self._knowledge.action(article, situation.now) is Action.ANSWER
            and self._knowledge.category(article) not in policy.small_talk
        )
