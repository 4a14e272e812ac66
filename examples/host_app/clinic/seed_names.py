"""Names of people who do not exist."""

from __future__ import annotations


def marked(text: str) -> str:
    """Mark a text that pages translate when they show it."""
    return text


THERAPISTS = (
    ("Elena Dimitrova", "#0f766e"),
    ("Martin Kolev", "#2f5fa8"),
    ("Sofia Marinova", "#8a4a9e"),
    ("James Whitfield", "#a8552a"),
)

#: name, minutes, price in EUR, how often it is booked
TREATMENTS = (
    (marked("Initial assessment"), 60, "70.00", 2),
    (marked("Manual therapy"), 45, "52.00", 5),
    (marked("Sports massage"), 60, "60.00", 4),
    (marked("Rehabilitation exercise"), 30, "36.00", 5),
    (marked("Dry needling"), 30, "40.00", 2),
    (marked("Post-operative therapy"), 45, "48.00", 3),
)

ENGLISH_FIRST = (
    "Alice", "Ben", "Charlotte", "Daniel", "Emma", "Finn", "Grace", "Henry", "Isla", "Jack", "Kate", "Liam",
    "Megan", "Noah", "Olivia", "Peter", "Rose", "Samuel", "Tessa", "William",
)  # fmt: skip
ENGLISH_LAST = (
    "Ashford", "Barlow", "Carver", "Dalton", "Ellery", "Fairfax", "Garland", "Hartley", "Ingram", "Kendall",
    "Lockwood", "Merrick", "Norwood", "Prescott", "Redfern", "Sheldon", "Thorne", "Winslow",
)  # fmt: skip

#: Bulgarian names with the spelling that their e-mail addresses use; surnames in both genders.
BULGARIAN_WOMEN = (
    ("Мария", "maria"), ("Ивана", "ivana"), ("Десислава", "desislava"), ("Гергана", "gergana"), ("Радост", "radost"),
    ("Виктория", "viktoria"), ("Надежда", "nadezhda"), ("Цветелина", "tsvetelina"), ("Яна", "yana"),
    ("Калина", "kalina"), ("Биляна", "bilyana"), ("Милена", "milena"),
)  # fmt: skip
BULGARIAN_MEN = (
    ("Георги", "georgi"), ("Димитър", "dimitar"), ("Николай", "nikolay"), ("Петър", "petar"), ("Стоян", "stoyan"),
    ("Любомир", "lyubomir"), ("Асен", "asen"), ("Красимир", "krasimir"), ("Явор", "yavor"), ("Божидар", "bozhidar"),
    ("Огнян", "ognyan"), ("Христо", "hristo"),
)  # fmt: skip
BULGARIAN_LAST = (
    ("Ангелов", "angelov"), ("Борисов", "borisov"), ("Василев", "vasilev"), ("Георгиев", "georgiev"),
    ("Драганов", "draganov"), ("Златев", "zlatev"), ("Йорданов", "yordanov"), ("Костадинов", "kostadinov"),
    ("Лазаров", "lazarov"), ("Михайлов", "mihaylov"), ("Николов", "nikolov"), ("Павлов", "pavlov"),
    ("Русев", "rusev"), ("Станчев", "stanchev"), ("Тодоров", "todorov"), ("Христов", "hristov"),
)  # fmt: skip
