"""The knowledge base as a Rasa project and back: what is written can be read, and a firm's own project too."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FrontdeskError
from gateway.improving.topics import Choice, Topic, Variation
from gateway.ports import Action
from nlu.examples import read_examples
from nlu.rasa.reading import Project, read_project
from nlu.rasa.writing import Plan, escape, project

PLAN = Plan(languages=("uk", "en"))
PRICE = Topic(
    id="delivery-cost",
    title={"uk": "Вартість", "en": "Price"},
    phrasings={"uk": ("ціна", "скільки {коштує}?"), "en": ("price", "no")},
    answers=(
        Variation(text="70 грн\n- і {все}", language="uk"),
        Variation(text="70", language="uk", channel="telegram"),
        Variation(
            text="Hello! 70 UAH",
            language="en",
            source="Hello{% if contact.name %}, {{ contact.name }}{% endif %}! 70 UAH",
        ),
    ),
    choices=(
        Choice(label={"uk": "Людина", "en": "A person"}, action=Action.HANDOFF),
        Choice(label={"uk": "Час", "en": "Times"}, topic="delivery-time"),
        Choice(label={"uk": "Сайт", "en": "Site"}, url="https://zhuravlyk.example"),
    ),
    about={"category": "delivery", "notes": "Look: here\n# not a comment"},
)
TIME = Topic(id="delivery-time", title={"uk": "Строк", "en": "Time"}, answers=(Variation(text="2 дні", language="uk"),))
PERSON = Topic(
    id="want-person",
    title={"uk": "Оператор", "en": "Agent"},
    phrasings={"uk": ("оператор",)},
    answers=(Variation(text="Кличу.", language="uk"), Variation(text="Calling.", language="en")),
    action=Action.HANDOFF,
)


def written(folder: Path, *topics: Topic, plan: Plan = PLAN) -> Path:
    for name, text in project(topics, plan).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    read = read_project(written(tmp_path, PRICE, TIME, PERSON))
    assert {topic.id: topic for topic in read.topics} == {topic.id: topic for topic in (PRICE, TIME, PERSON)}
    assert read.notes == ()


def test_one_language_of_it(tmp_path: Path) -> None:
    [price, _] = read_project(written(tmp_path, PRICE, TIME, plan=Plan(languages=("en",)))).topics
    assert set(price.phrasings) == {"en"}
    assert {answer.language for answer in price.answers} == {"en"}
    domain = yaml.safe_load((tmp_path / "domain.yml").read_text(encoding="utf-8"))
    assert "condition" not in domain["responses"]["utter_delivery-cost"][0], "it is said whatever the slot holds"


def test_the_domain_says_what_rasa_needs(tmp_path: Path) -> None:
    domain = yaml.safe_load((written(tmp_path, PRICE, PERSON) / "domain.yml").read_text(encoding="utf-8"))
    assert domain["intents"] == ["delivery-cost", "want-person", "frontdesk-person"]
    uk, telegram, en = domain["responses"]["utter_delivery-cost"]
    assert uk["text"] == "70 грн\n- і {{все}}", "braces would be a slot"
    assert [button["payload"] for button in uk["buttons"] if "payload" in button] == [
        "/frontdesk-person",
        "/delivery-time",
    ]
    assert telegram["channel"] == "telegram"
    assert en["condition"] == [{"type": "slot", "name": "language", "value": "en"}]
    assert domain["responses"]["utter_want-person"][0]["custom"] == {"handoff": {"reason": "asked", "say": "Кличу."}}
    rules = yaml.safe_load((tmp_path / "data/rules.yml").read_text(encoding="utf-8"))["rules"]
    actions = [step["action"] for rule in rules for step in rule["steps"] if "action" in step]
    assert set(actions) <= set(domain["responses"])


def test_a_response_changed_in_rasa_is_no_template_of_ours_any_more(tmp_path: Path) -> None:
    written(tmp_path, PRICE)
    domain = tmp_path / "domain.yml"
    domain.write_text(domain.read_text(encoding="utf-8").replace("Hello! 70 UAH", "Hello! 80 UAH"), encoding="utf-8")
    [price] = read_project(tmp_path).topics
    [english] = [answer for answer in price.answers if answer.language == "en"]
    assert (english.text, english.source) == ("Hello! 80 UAH", None)


def test_examples_keep_their_language_for_evaluation(tmp_path: Path) -> None:
    written(tmp_path, PRICE)
    found = {(one.text, one.language) for one in read_examples(tmp_path / "data/nlu.yml")}
    assert ("no", "en") in found


FOREIGN = """\
    version: "3.1"
    nlu:
    - intent: ask_price
      examples: |
        - what does [delivery](service) cost
        - price list
    - intent: faq/hours
      examples:
      - text: |
          - when are you open
    - intent: track
      examples: |
        - where is my parcel
    - intent: out_of_scope
      examples: |
        - sing me a song
    responses:
      utter_price:
      - text: "It is 70, {name}. {discount}"
        image: https://zhuravlyk.example/price.png
        buttons:
        - title: Where is it?
          payload: '/track{"fast": true}'
        - title: Call me
          payload: call me please
      utter_faq/hours:
      - text: "From 9 to 18 {{sharp}}"
    rules:
    - rule: price
      steps:
      - or:
        - intent: ask_price
        - intent: ask_discount
      - action: action_look_up
      - action: utter_price
    stories:
    - story: parcel
      steps:
      - intent: track
      - action: utter_missing
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Project:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "all.yml").write_text(dedent(FOREIGN), encoding="utf-8")
    (tmp_path / "config.yml").write_text("language: en\npipeline:\n", encoding="utf-8")
    (tmp_path / ".rasa").mkdir()
    (tmp_path / ".rasa" / "cache.yml").write_text("{", encoding="utf-8")
    return read_project(tmp_path)


def test_a_firms_own_project_gives_topics(foreign: Project) -> None:
    topics = {topic.id: topic for topic in foreign.topics}
    assert sorted(topics) == ["ask-price", "faq-hours", "track"]
    price = topics["ask-price"]
    assert price.phrasings == {"en": ("what does delivery cost", "price list")}
    [answer] = price.answers
    assert answer.source == "It is 70, {{ contact.name }}. \n\nhttps://zhuravlyk.example/price.png"
    assert price.choices == (Choice(label={"en": "Where is it?"}, topic="track"),)
    assert [answer.text for answer in topics["faq-hours"].answers] == ["From 9 to 18 {sharp}"]
    assert topics["track"].answers == ()


def test_what_cannot_be_taken_over_is_said(foreign: Project) -> None:
    said = "\n".join(foreign.notes)
    for word in ("action_look_up", "track", "Call me"):
        assert word in said


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "no YAML"), ("version: '3.1'", "no intents"), ("- 1", "no intents"), ("nlu: 7", "no intents")],
)
def test_what_is_no_project_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "nlu.yml").write_text(text, encoding="utf-8")
    with pytest.raises(FrontdeskError, match=told):
        read_project(tmp_path / "nlu.yml")
    with pytest.raises(FrontdeskError, match="not there"):
        read_project(tmp_path / "nowhere")


LINE = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="-/[]"), min_size=1, max_size=20)


@given(LINE, LINE)
def test_any_words_survive(phrase: str, answer: str) -> None:
    topic = Topic(
        id="one", title={"uk": phrase}, phrasings={"uk": (phrase,)}, answers=(Variation(text=answer, language="uk"),)
    )
    files = project([topic], PLAN)
    nlu = yaml.safe_load(files["data/nlu.yml"])["nlu"][0]
    assert nlu["examples"] == f"- {phrase}\n"
    assert yaml.safe_load(files["domain.yml"])["responses"]["utter_one"][0]["text"] == escape(answer)
