"""Sending and reading mail as people do: by SMTP, IMAP, POP3 and ManageSieve."""

from __future__ import annotations

import base64
import imaplib
import poplib
import smtplib
import socket
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from tests.stack.place import ADDRESS, Place

PATIENCE_S = 15
STRANGER = "someone@outside.test"


@dataclass(frozen=True)
class Said:
    """Answer of an SMTP server: code and text; 250 when the message was taken."""

    code: int
    text: str = ""


@dataclass(frozen=True)
class Login:
    """User and password."""

    user: str
    password: str


@dataclass(frozen=True)
class Post:
    """The stack's post office, seen from outside."""

    place: Place

    # -- sending -----------------------------------------------------------------------------------------------------
    def send(
        self,
        to: str,
        sender: str = STRANGER,
        *,
        login: Login | None = None,
        tls: bool = False,
        size: int = 0,
        mark: str = "",
        through: str = "smtp",
    ) -> tuple[Said, str]:
        """Send a message; gives the server's answer and a word by which to find the message.

        `size` is bytes of text, `mark` a value of the header X-Ops-Test, `through` the listener without a login.
        """
        word = f"mark{uuid.uuid4().hex}"
        message = _message(sender, to, word, size)
        if mark:
            message["X-Ops-Test"] = mark
        try:
            with self._smtp("submission" if login else through, login, tls) as smtp:
                smtp.send_message(message, sender, [to])
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = refused.recipients[to]
            return Said(code, text.decode()), word
        except smtplib.SMTPResponseException as refused:
            return Said(refused.smtp_code, str(refused.smtp_error)), word
        return Said(250), word

    def _smtp(self, listener: str, login: Login | None, tls: bool = False) -> smtplib.SMTP:
        smtp = smtplib.SMTP(ADDRESS, self.place.ports[listener], timeout=PATIENCE_S)
        try:
            if tls:
                smtp.starttls(context=ssl.create_default_context(cafile=str(self.place.at("ssl", "cert.pem"))))
            if login:
                smtp.login(login.user, login.password)
        except smtplib.SMTPException:
            smtp.close()
            raise
        return smtp

    def refuses(self, to: str) -> bool:
        """Whether a message for that address is refused for good."""
        return 500 <= self.send(to)[0].code < 600

    # -- reading -----------------------------------------------------------------------------------------------------
    def imap(self, login: Login) -> imaplib.IMAP4:
        """A signed-in IMAP session.  Raises imaplib.IMAP4.error."""
        session = imaplib.IMAP4(ADDRESS, self.place.ports["imap"], PATIENCE_S)
        try:
            session.login(login.user, login.password)
        except imaplib.IMAP4.error:
            session.shutdown()
            raise
        return session

    def count(self, login: Login, word: str, folder: str = "INBOX") -> int:
        """How many messages of a folder hold the word."""
        with self.imap(login) as session:
            return _found(session, word, folder)

    def arrives(self, login: Login, word: str, folder: str = "INBOX") -> bool:
        """Whether a message with the word comes within some seconds."""
        with self.imap(login) as session:
            return eventually(lambda: _found(session, word, folder) > 0)

    def may_sign_in(self, protocol: str, login: Login) -> bool:
        """Whether imap, pop3, smtp or sieve lets them in."""
        try:
            return _SIGN_IN[protocol](self, login)
        except (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError):
            return False

    def _by_imap(self, login: Login) -> bool:
        with self.imap(login):
            return True

    def _by_smtp(self, login: Login) -> bool:
        with self._smtp("submission", login):
            return True

    def _by_pop3(self, login: Login) -> bool:
        session = poplib.POP3(ADDRESS, self.place.ports["pop3"], PATIENCE_S)
        try:
            session.user(login.user)
            session.pass_(login.password)
            session.quit()
        finally:
            session.close()
        return True

    def _by_sieve(self, login: Login) -> bool:
        token = base64.b64encode(f"\0{login.user}\0{login.password}".encode()).decode()
        place = (ADDRESS, self.place.ports["sieve"])
        with (
            socket.create_connection(place, PATIENCE_S) as connection,
            connection.makefile("rw", newline="\r\n") as talk,
        ):
            _skip_to_answer(talk.readline)
            talk.write(f'AUTHENTICATE "PLAIN" "{token}"\r\n')
            talk.flush()
            return _skip_to_answer(talk.readline).startswith("OK")


_SIGN_IN: dict[str, Callable[[Post, Login], bool]] = {
    "imap": Post._by_imap,
    "pop3": Post._by_pop3,
    "smtp": Post._by_smtp,
    "sieve": Post._by_sieve,
}


def _message(sender: str, to: str, word: str, size: int) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, word
    message.set_content("Hello.\n" + ("y" * 75 + "\n") * (size // 76))
    return message


def _found(session: imaplib.IMAP4, word: str, folder: str) -> int:
    """A folder that is not there yet holds none."""
    if session.select(folder, readonly=True)[0] != "OK":
        return 0
    return len(session.search(None, "TEXT", word)[1][0].split())


def _skip_to_answer(readline: Callable[[], str]) -> str:
    line = readline()
    while line and not line.startswith(("OK", "NO", "BYE")):
        line = readline()
    return line


def eventually(true: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Whether it becomes true within the time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
