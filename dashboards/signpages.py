"""The pages outside the console: sign in, new password, sign out, out of order.  No script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

STYLE = """
:root { color-scheme: light dark; --back: #eef2f6; --glow: #d6e4f0; --card: #fff; --ink: #17232e; --soft: #54636f;
  --line: #c3ccd4; --field: #fff; --brand: #0b6aa2; --brand-ink: #fff; --bad: #a3201d; --bad-back: #fdecea;
  --note: #6b4a00; --note-back: #fff4d6; }
@media (prefers-color-scheme: dark) { :root { --back: #10171d; --glow: #17303f; --card: #1a242c; --ink: #e8eef2;
  --soft: #a3b1bc; --line: #3d4b56; --field: #111a21; --brand: #6cb8e6; --brand-ink: #06202f; --bad: #ffb4ab;
  --bad-back: #43201e; --note: #ffdf9b; --note-back: #3a2f14; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px 16px; color: var(--ink);
  background: radial-gradient(60rem 30rem at 50% -8rem, var(--glow), transparent) var(--back);
  font: 16px/1.5 Roboto, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif; }
main { width: 100%; max-width: 416px; background: var(--card); border-radius: 14px; padding: 32px;
  border: 1px solid color-mix(in srgb, var(--line) 55%, transparent);
  box-shadow: 0 1px 2px rgb(0 0 0 / .06), 0 16px 40px rgb(0 0 0 / .10); }
.brand { display: flex; align-items: center; gap: 12px; margin-bottom: 24px; }
.brand svg { width: 40px; height: 40px; flex: none; }
.brand b { display: block; font-size: 1.06rem; line-height: 1.25; overflow-wrap: anywhere; }
.brand span { color: var(--soft); font-size: .86rem; }
h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 600; margin: 0 0 6px; letter-spacing: -.01em; }
p { margin: 0 0 16px; } .soft { color: var(--soft); } ul { margin: 0 0 16px; padding-left: 1.2em; color: var(--soft); }
label { display: block; font-size: .9rem; font-weight: 500; margin: 16px 0 6px; }
input { width: 100%; font: inherit; color: inherit; padding: 11px 12px; border-radius: 8px; background: var(--field);
  border: 1px solid var(--line); }
input[aria-invalid=true] { border-color: var(--bad); }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid
  color-mix(in srgb, var(--brand) 55%, transparent); outline-offset: 1px; border-color: var(--brand); }
button { width: 100%; margin-top: 24px; font: inherit; font-weight: 600; padding: 12px; border: 0; border-radius: 8px;
  background: var(--brand); color: var(--brand-ink); cursor: pointer; }
button:hover { filter: brightness(1.07); } a { color: var(--brand); }
.bad, .note { border-radius: 8px; padding: 10px 14px; margin: 16px 0 0; font-size: .94rem; }
.bad { background: var(--bad-back); color: var(--bad); } .note { background: var(--note-back); color: var(--note); }
.note b { display: block; } .note code { font-size: .92em; } .after { margin: 18px 0 0; text-align: center; }
@media (max-width: 460px) { body { padding: 0; place-items: stretch; } main { border-radius: 0; border: 0;
  padding: 28px 20px; box-shadow: none; max-width: none; } }
"""

MARK = (
    '<svg viewBox="0 0 40 40" aria-hidden="true"><rect width="40" height="40" rx="10" fill="#0b6aa2"/>'
    '<path d="M9 13.5h22v14H9z" fill="none" stroke="#fff" stroke-width="2.2" stroke-linejoin="round"/>'
    '<path d="m9.5 14.5 10.5 8 10.5-8" fill="none" stroke="#fff" stroke-width="2.2" stroke-linejoin="round"/>'
    '<circle cx="31" cy="27.5" r="5" fill="#0b6aa2"/><circle cx="31" cy="27.5" r="3.2" fill="#7fe0a8"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows: the site's name, and whether its host is made up."""

    site: str
    demo: bool = False

    def page(self, title: str, *body: str) -> str:
        """A whole document; `body` is markup."""
        badge = " · demo site" if self.demo else ""
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)} · {escape(self.site)}</title><style>{STYLE}</style></head><body><main>"
            f'<div class="brand">{MARK}<div><b>{escape(self.site)}</b><span>mailops console{badge}</span></div></div>'
            f"<h1>{escape(title)}</h1>{''.join(body)}</main></body></html>"
        )


def alert(text: str) -> str:
    """An error in words, read out at once."""
    return f'<p class="bad" role="alert">{escape(text)}</p>' if text else ""


def sign_in(frame: Frame, action: str, guard: str, username: str = "", error: str = "") -> str:
    """The sign-in form; `guard` is the markup that proves the form is ours."""
    wrong = ' aria-invalid="true"' if error else ""
    first, second = ("", " autofocus") if username else (" autofocus", "")
    return frame.page(
        "Sign in",
        '<p class="soft">For administrators and domain administrators.</p>',
        _demo_note() if frame.demo else "",
        alert(error),
        f'<form method="post" action="{escape(action)}">{guard}',
        '<label for="username">User name</label>',
        f'<input id="username" name="username" value="{escape(username)}" autocomplete="username" autocapitalize="none"',
        f' autocorrect="off" spellcheck="false" maxlength="255" required{wrong}{first}>',
        '<label for="password">Password</label>',
        '<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024"',
        f" required{wrong}{second}>",
        '<button type="submit">Sign in</button></form>',
    )


def _demo_note() -> str:
    return (
        '<div class="note"><b>This is a demo site</b>Its data and its mail host are made up. The password of '
        "<code>admin</code> was printed once in the terminal where mailops was first started; "
        "<code>mailops password admin</code> sets a new one.</div>"
    )


def new_password(frame: Frame, action: str, guard: str, who: str, rules: Iterable[str], forced: str, error: str) -> str:
    """The form for a new password.  `forced` says why there must be one; "" asks for the present one too."""
    present = (
        ""
        if forced
        else '<label for="old">Present password</label><input id="old" name="old" type="password" required autofocus'
        ' autocomplete="current-password" maxlength="1024">'
    )
    items = "".join(f"<li>{escape(rule)}</li>" for rule in rules)
    after = "Sign out instead" if forced else "Back to the console"
    return frame.page(
        "Choose a new password",
        f'<p class="soft">{escape(forced or f"For the account {who}. Your other sessions end.")}</p>',
        alert(error),
        f'<form method="post" action="{escape(action)}">{guard}',
        f'<input type="hidden" name="username" autocomplete="username" value="{escape(who)}">',
        present,
        '<label for="password">New password</label><input id="password" name="password" type="password" required',
        f' autocomplete="new-password" maxlength="1024" aria-describedby="rules"{" autofocus" if forced else ""}>',
        '<label for="repeated">New password again</label><input id="repeated" name="repeated" type="password" required',
        ' autocomplete="new-password" maxlength="1024">',
        f'<ul id="rules" style="margin-top:14px">{items}</ul>',
        '<button type="submit" style="margin-top:4px">Save the new password</button></form>',
        f'<p class="after"><a href="{"/logout" if forced else "/app"}">{after}</a></p>',
    )


def sign_out(frame: Frame, guard: str, who: str) -> str:
    """The question before signing out."""
    return frame.page(
        "Sign out?",
        f'<p class="soft">You are signed in as <b>{escape(who)}</b>. Signing out closes this console in all tabs.</p>',
        f'<form method="post" action="/logout">{guard}<button type="submit" autofocus>Sign out</button></form>',
        '<p class="after"><a href="/app">Back to the console</a></p>',
    )


def unavailable(site: str) -> str:
    """Nobody can be recognised: the database is down."""
    return Frame(site).page(
        "The database cannot be reached",
        '<p class="soft">The console is running, but it cannot tell who you are without the database. '
        "Nothing is lost; effects that wait are kept.</p>",
        '<p class="after"><a href="">Try again</a></p>',
    )


def refused(frame: Frame, text: str) -> str:
    """A request that was not accepted, with the way on."""
    return frame.page("That did not work", alert(text), '<p class="after"><a href="/login">To the sign-in</a></p>')
