"""Words the demo is made of: people of several countries, organisations, departments, comments.

Domains are reserved for examples (RFC 2606): nobody owns them, so nothing here can reach anybody.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from itertools import islice
from random import Random

from opslib.names import domain


def words(text: str) -> tuple[str, ...]:
    """Words of a text."""
    return tuple(text.split())


PEOPLE: tuple[tuple[str, str], ...] = (
    ("Anna Lukas Hannah Jörg Sabine Götz Friederike Uwe", "Müller Schäfer Weiß Brandt Kühn Vogel Lindner Großmann"),
    ("Camille Hugo Léa Étienne Margaux Benoît Solène Yann", "Lefèvre Moreau Girard Dubois Rousseau Perrin Chevalier Noël"),
    ("Elif Mehmet Zeynep Çağlar Ayşe Emre Defne Kerem", "Yılmaz Şahin Öztürk Demir Arslan Koç Aydın Polat"),
    ("Agnieszka Paweł Zofia Łukasz Małgorzata Jakub Kinga Michał", "Nowak Wójcik Kowalska Zieliński Dąbrowski Pawlak Król"),
    ("Haruki Yui Ren Sakura Takumi Aoi Daichi Hina", "Tanaka Sato Kobayashi Watanabe Yamamoto Nakamura Ito Mori"),
    ("Ananya Arjun Priya Rohan Kavya Vikram Meera Aditya", "Sharma Iyer Patel Reddy Banerjee Nair Kulkarni Chopra"),
    ("Chidi Ngozi Tunde Amara Ifeanyi Folake Emeka Yetunde", "Okafor Adeyemi Balogun Eze Nwosu Okonkwo Afolabi Danjuma"),
    ("Linh Minh Thao Quang Huong Duc Trang Khoa", "Nguyen Tran Pham Hoang Vo Dang Bui Ngo"),
    ("Lucía Mateo Valentina Íñigo Ximena Joaquín Rocío Tomás", "García Muñoz Fernández Ibáñez Castaño Rojas Peña Vidal"),
    ("Layla Omar Yasmin Karim Noor Tariq Salma Faisal", "Haddad Mansour Al-Amin Khoury Nasser Saleh Aziz Rahman"),
    ("Olena Andriy Kateryna Taras Oksana Bohdan Yuliya Mykola", "Shevchenko Kovalenko Bondarenko Melnyk Tkachuk Lysenko"),
    ("Aino Eero Kaisa Väinö Helmi Onni Sanni Jyrki", "Virtanen Mäkinen Korhonen Nieminen Hämäläinen Koskela Järvinen Laine"),
    ("Niamh Conor Saoirse Declan Orla Fionn Ciara Eoin", "O'Brien Murphy Gallagher Byrne Fitzgerald Doyle Nolan Keane"),
    ("Thandiwe Sipho Naledi Kagiso Lerato Themba Zanele Bongani", "Dlamini Nkosi Mokoena Khumalo Sithole Molefe Zulu Mahlangu"),
)  # fmt: skip

FIRST = words(
    "amber anchor aurora birch brook cedar cloud copper coral crescent delta elm falcon fjord garnet glacier granite "
    "harbour hazel heron indigo iris jasper juniper kestrel lagoon lantern larch maple meadow mistral north opal orchid "
    "pebble pine quartz raven river saffron silver spruce summit thistle tidal tulip umber velvet willow zephyr"
)
SECOND = words(
    "archive bakery bank books brewery cargo clinic college dental design energy engineering events farm film finance "
    "foods garden hotel insurance lab legal logistics media museum music optics pharma print radio school sports studio "
    "textiles tools tours trade travel works yachts"
)
SUFFIXES = ("example", "example", "example", "test", "example.org", "example.com", "example.net")
INTERNATIONAL = words(
    "bücher-grün.example crème-brûlée.example żółw-druk.example ärzte-süd.test piñata-fiesta.example øst-havn.example "
    "çiçek.example пример-почта.test παράδειγμα-βιβλία.test 例え-書店.example 測試-茶館.test smörgås-café.example "
    "říjen-víno.example fenêtre-été.test"
)
FOREIGN = (
    "partner.invalid.example.com",
    "lists.elsewhere.example.net",
    "post.abroad.example.org",
    "inbox.faraway.test",
)
"""Domains of other servers; never among the demo's own."""

DEPARTMENTS = words(
    "accounting archive board design engineering facilities finance helpdesk hr legal logistics marketing operations "
    "press purchasing quality reception research sales security shipping support training warehouse"
)
ROLES = words(
    "info office contact hello team sales support billing invoices orders jobs press events newsletter webmaster "
    "postmaster abuse hostmaster noreply privacy reservations returns feedback service"
)
TAGS = words("customer internal migrated priority trial vip contractor intern external seasonal")
ROOMS = ("Meeting room", "Board room", "Workshop", "Studio", "Quiet room", "Lecture hall")
GROUPS = ("Field team", "Night shift", "On call", "Reception desk")
THINGS = ("Projector", "Company car", "Cargo bike", "Camera kit", "3D printer", "Label printer")

COMMENTS = (
    "Shared by the front desk",
    "Asked for by phone, ticket 4711",
    "Bitte nicht löschen – läuft bis Jahresende",
    "Remplacé par la nouvelle adresse l’été prochain",
    "Geçici: taşınma bitene kadar",
    "Tymczasowo, do końca roku",
    "営業部の共有アドレス",
    "Для бухгалтерии, не менять",
    "للاستخدام الداخلي فقط",
    "Solo para facturas",
    "🎉 Summer party 2025 🎈",
    "⚠️ forwards outside, checked 🔒",
    "<b>bold</b> & <script>alert('not run')</script>",
    "Quotes \"double\", 'single', `back` and 100 %",
    "=SUM(A1:A9) is text here",
    "<img src=x onerror=alert(1)>",
    "Line one\nline two",
    "a, b; c | d \\ e / f",
)
FOOTERS = (
    ("Kind regards, {0}", "<p>Kind regards,<br><b>{0}</b></p>"),
    ("Mit freundlichen Grüßen\n{0}", "<p>Mit freundlichen Grüßen<br>{0}</p>"),
    ("{= from_name =}, {0} – confidential 🔒", "<p>{= from_name =}, {0} – <em>confidential</em> 🔒</p>"),
)
SPECIAL_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ı": "i", "ø": "o", "Ø": "O"})


def ascii_fold(text: str) -> str:
    """Lower-case ASCII letters of a name: `Müller` -> `muller`, `O'Brien` -> `obrien`, `Al-Amin` -> `al-amin`."""
    plain = unicodedata.normalize("NFKD", text.translate(SPECIAL_LETTERS))
    return "".join(letter for letter in plain if letter.isascii() and (letter.isalnum() or letter == "-")).lower()


def person(rng: Random) -> tuple[str, str]:
    """(given name, family name) of one country's people."""
    given, family = rng.choice(_SPLIT)
    return rng.choice(given), rng.choice(family)


_SPLIT = tuple((given.split(), family.split()) for given, family in PEOPLE)


def organisations(rng: Random, count: int, taken: Collection[str] = ()) -> list[str]:
    """`count` distinct domain names in ASCII form, none of `taken`; about one in twelve is international."""
    international = [name for name in map(domain, INTERNATIONAL) if name not in taken]
    rng.shuffle(international)
    pairs = [f"{first}-{second}" for first in FIRST for second in SECOND]
    rng.shuffle(pairs)
    candidates = (f"{pair}.{rng.choice(SUFFIXES)}" for pair in pairs)
    few = international[: max(1, count // 12)]
    found = list(islice((name for name in candidates if name not in taken), count - len(few)))
    for name in few:
        found.insert(rng.randrange(1, len(found) + 1), name)
    return found
