"""登录 · The page that asks for a token. It needs nothing from behind the gate."""

from __future__ import annotations

import base64
import hashlib

from services.web.language import Language

STYLE = """
:root{color-scheme:light dark;
 font-family:system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;line-height:1.5}
form{display:grid;gap:.75rem;width:min(22rem,90vw)}
input,button{font:inherit;padding:.6rem .7rem;border-radius:.4rem;border:1px solid GrayText}
button{background:#9b1c1c;color:#fff;border-color:#9b1c1c;cursor:pointer}
h1{margin:0}
[role=alert]{color:#c2410c}
""".strip()
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
TEXTS = {
    "zh": ("zh-CN", "纪实", "请用令牌登录", "令牌", "登录", "令牌不存在、已撤销或已过期"),
    "en": ("en", "jishi", "Sign in with a token", "Token", "Sign in", "Unknown or expired token"),
}


def sign_in_page(language: Language, wrong: bool) -> tuple[bytes, tuple[bytes, bytes]]:
    """The page, and its content security policy."""
    code, title, lead, label, button, refused = TEXTS[language]
    alert = f'<p role="alert">{refused}</p>' if wrong else ""
    page = f"""<!doctype html>
<html lang="{code}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>
<body><main><form method="post" action="/sign-in"><h1>{title}</h1><p>{lead}</p>{alert}
<label>{label}<br><input name="token" type="password" required autocomplete="current-password"
 autofocus></label><button>{button}</button></form></main></body></html>"""
    return page.encode(), (b"content-security-policy", POLICY.encode())
