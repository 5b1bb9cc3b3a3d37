"""令牌 · `jishi token grant|revoke|list`: who may do what, where and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from services.terminal import times
from services.terminal.verb import Argument, Option, Verb, area_option
from services.terminal.words import Both

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from zoneinfo import ZoneInfo

    from services.terminal.call import Call
    from services.terminal.direct import Direct
    from services.terminal.remote import Remote

ID = "ID"
ROOT = "root"
EVERYTHING_BELOW = Both("只在此区域及其下级有效；不写即全域", "good there and below; none = all")


async def grant(call: Call) -> None:
    """Make a secret, record the grant of its hash, and show the secret once."""
    from services.access import new_token, token_hash
    from services.kernel import catalogue

    secret = new_token()
    roles, actions = call.many("role"), call.many("action")
    fields: dict[str, Any] = {
        "area": call.text("area") or ROOT,
        "person": call.need("person"),
        "roles": roles,
        "actions": actions or ["*"],
        "secret_hash": token_hash(secret),
    }
    if (unit := call.text("unit")) is not None:
        fields["unit"] = unit
    async with call.way("access") as way:
        if (expires := call.text("expires")) is not None:
            fields["expires_at"] = times.sent(expires, await way.zone(), field="expires")
        info = catalogue.only("access").entry("access").command("grant")
        answer = await way.do("access", info, None, fields, command_id=uuid4())
    found = {"id": answer["id"], "token": secret, **_public(fields)}
    call.answer(found, lambda: call.say.raw(secret))
    call.say.talk(
        f"令牌 {answer['id']} 已授予；密钥只显示这一次，请妥善保管",
        f"token {answer['id']} is granted; its secret is shown only this once: keep it safe",
    )
    call.say.hint(f"使用：export JISHI_TOKEN={secret}", f"use it: export JISHI_TOKEN={secret}")


async def revoke(call: Call) -> None:
    """Take a token back, at once and for good."""
    from services.kernel import catalogue

    token_id, reason = call.need(ID), call.text("reason") or "other"
    if not call.sure(f"撤销令牌 {token_id}？不可恢复", f"revoke token {token_id}? It is final"):
        call.say.talk("未撤销", "nothing was revoked")
        return
    info = catalogue.only("access").entry("access").command("revoke")
    async with call.way("access") as way:
        answer = await way.do("access", info, token_id, {"reason": reason}, command_id=uuid4())
    call.answer(answer, lambda: call.say.talk(f"令牌 {token_id} 已撤销", f"{token_id} is revoked"))


async def show(call: Call) -> None:
    """Every token that is good, without its secret."""
    async with call.way() as way:
        tokens = [_token(item) async for item in _valid(way)]
        zone = await way.zone()
    call.answer({"tokens": tokens}, lambda: _show(call, tokens, zone))


async def _valid(way: Direct | Remote) -> AsyncIterator[dict[str, Any]]:
    """The cases of the tokens that are good, newest first."""
    asked = [("state", "valid"), ("limit", "500")]
    while True:
        page = await way.cases("access", asked)
        for item in page["items"]:
            yield item
        if page["next"] is None:
            return
        asked = [("state", "valid"), ("limit", "500"), ("cursor", page["next"])]


def _token(item: dict[str, Any]) -> dict[str, Any]:
    about, data = item["about"], item["data"]
    return {
        "id": item["id"],
        "person": data["person"],
        "unit": about.get("unit"),
        "roles": data["roles"],
        "area": about["area"],
        "actions": data["actions"],
        "expires_at": data.get("expires_at"),
    }


def _show(call: Call, tokens: list[dict[str, Any]], zone: ZoneInfo) -> None:
    heads = (
        Both("编号", "id"),
        Both("人员", "person"),
        Both("单位", "unit"),
        Both("角色", "roles"),
        Both("区域", "area"),
        Both("操作", "actions"),
        Both("有效期至", "expires"),
    )
    rows = [
        (
            token["id"],
            token["person"],
            token["unit"],
            " ".join(token["roles"]),
            token["area"],
            " ".join(token["actions"]),
            times.shown(token["expires_at"], zone),
        )
        for token in tokens
    ]
    call.say.table(heads, rows)


def _public(fields: dict[str, Any]) -> dict[str, Any]:
    names = ("person", "unit", "roles", "area", "actions", "expires_at")
    return {name: fields.get(name) for name in names}


VERBS = (
    Verb(
        "token grant",
        Both("授予令牌；密钥只显示一次", "grant a token; its secret is shown once"),
        grant,
        (
            "jishi token grant --person p1 --role administrator",
            "jishi token grant --person w9 --unit u2 --role worker --area c1 --action 'order.*'",
        ),
        options=(
            Option(
                "person",
                Both("代表何人（匿名编号）", "whom it stands for (opaque id)"),
                "PERSON",
                True,
            ),
            Option(
                "role",
                Both("角色，可重复：worker、dispatcher…", "a role; repeatable"),
                "ROLE",
                many=True,
            ),
            Option("unit", Both("所属单位", "their unit"), "U"),
            area_option(EVERYTHING_BELOW),
            Option(
                "action",
                Both(
                    "可做的事，可重复：read、order.*；默认全部", "what it may do; repeatable; all"
                ),
                "ACTION",
                many=True,
            ),
            Option("expires", Both("有效期至", "good until then"), "T"),
        ),
    ),
    Verb(
        "token revoke",
        Both("撤销令牌", "revoke a token"),
        revoke,
        ("jishi token revoke 01920000-0000-7000-8000-000000000000 --reason left --yes",),
        arguments=(Argument(ID, Both("令牌编号（token list 可查）", "its id (see token list)")),),
        options=(
            Option(
                "reason",
                Both("原因：left、changed、lost、other", "left, changed, lost or other"),
                "REASON",
            ),
        ),
        asks=True,
    ),
    Verb(
        "token list",
        Both("列出有效令牌（不含密钥）", "the tokens that are good, without secrets"),
        show,
        ("jishi token list", "jishi token list --json"),
    ),
)
