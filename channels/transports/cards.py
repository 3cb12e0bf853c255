"""Our card as the vendor's JSON (模板卡片, https://developer.work.weixin.qq.com/document/path/90236). Pure."""

from pydantic import JsonValue

from channels.drafts import Card
from core.settings import settings
from integrations.http import Json


def card_json(card: Card) -> Json:
    """A button_interaction when there are buttons, else a text_notice that opens its address."""
    body: Json = {
        "source": {"desc": settings().hospital_name[:13]},
        "main_title": {"title": card.title, "desc": card.desc},
    }
    if card.task_id:
        body["task_id"] = card.task_id
    if card.note:
        body["sub_title_text"] = card.note
    if card.quote:
        body["quote_area"] = {"type": 0, "title": card.quote_title, "quote_text": card.quote}
    if card.rows:
        body["horizontal_content_list"] = [{"keyname": row.label, "value": row.value} for row in card.rows]
    if card.menu:
        actions: list[JsonValue] = [{"text": item.text, "key": item.key} for item in card.menu]
        body["action_menu"] = {"desc": "更多操作", "action_list": actions}
    if card.url and card.buttons:
        body["jump_list"] = [{"type": 1, "title": card.url_title, "url": card.url}]
    if card.buttons:
        return {**body, **_buttons(card)}
    return {
        **body,
        "card_type": "text_notice",
        "card_action": {"type": 1, "url": card.url or settings().public_url},
    }


def _buttons(card: Card) -> Json:
    body: Json = {
        "card_type": "button_interaction",
        "button_list": [
            {"text": button.text, "style": int(button.style), "key": button.key} for button in card.buttons
        ],
    }
    if card.url:
        body["card_action"] = {"type": 1, "url": card.url}
    if card.selection:
        body["button_selection"] = {
            "question_key": card.selection.key,
            "title": card.selection.title,
            "option_list": [{"id": option.key, "text": option.text} for option in card.selection.options],
            **({"selected_id": card.selection.chosen} if card.selection.chosen else {}),
        }
    return body


def is_card(card: Card | None) -> bool:
    """Whether it can go as a card: something to press or somewhere to go."""
    return card is not None and (card.actionable or bool(card.url))


def finished(card: Card, words: str) -> Json:
    """The card without anything to press, with `words` where the buttons were (for the bot, which cannot grey out)."""
    done = card.model_copy(update={"buttons": (), "menu": (), "selection": None})
    body = card_json(done)
    body["sub_title_text"] = "\n".join(filter(None, [card.note, words]))
    return body
