"""The parts of an explanation in words that a tenant reads (en, de, fr, es)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from services.invoicing.domain.explain import Part, PartKind
from shared.money import Currency, Money


class Formats(Protocol):
    """Figures as the tenant's locale writes them."""

    def money(self, amount: Money) -> str: ...
    def price(self, value: Decimal, currency: Currency) -> str: ...
    def number(self, value: Decimal | int, places: int | None = None) -> str: ...


@dataclass(frozen=True, slots=True)
class ExplainWords:
    """One language. ``nouns``: for one and for several; braces are filled with figures and names."""

    more: str  # {n} {what}
    fewer: str
    above: str  # {text}
    more_days: str  # {what}
    fewer_days: str
    price: str  # {what} {old} {new}
    added: str  # {what}
    removed: str
    one_time: str  # {what}
    one_time_before: str
    late: str
    late_before: str
    credit: str  # {what}
    less_credit: str
    tax: str
    rounding: str
    plan: str  # {plan}
    nouns: Mapping[str, tuple[str, str]]
    joined: str  # {what} {class}
    sentence: str  # {text} {amount}
    none: str
    classes: Mapping[str, str]


_CLASSES_EN = (
    "local",
    "national",
    "mobile",
    "international",
    "toll free",
    "premium",
    "emergency",
    "internal",
)
# How a fee's line is called.
_PLAN = " plan"
EN = ExplainWords(
    more="{n} more {what}",
    fewer="{n} fewer {what}",
    above="{text}, above the included",
    more_days="{what}: billed for more days",
    fewer_days="{what}: billed for fewer days",
    price="{what}: price from {old} to {new}",
    added="New: {what}",
    removed="No longer billed: {what}",
    one_time="One-time charge: {what}",
    one_time_before="One-time charge of the invoice before: {what}",
    late="Usage of earlier periods, corrected",
    late_before="Corrections on the invoice before",
    credit="Credit or discount: {what}",
    less_credit="Less credit or discount than before: {what}",
    tax="Tax",
    rounding="Rounding",
    plan="{plan} plan",
    nouns={
        "outbound": ("outbound minute", "outbound minutes"),
        "inbound": ("inbound minute", "inbound minutes"),
        "minutes": ("minute", "minutes"),
        "connect_fees": ("connected call", "connected calls"),
        "extensions": ("extension", "extensions"),
        "dids": ("DID", "DIDs"),
        "commitment": ("minimum commitment", "minimum commitment"),
    },
    joined="{what}, {call_class}",
    sentence="{text}: {amount}",
    none="The total is the same as on the invoice before.",
    classes={name.replace(" ", "_"): name for name in _CLASSES_EN},
)
DE = ExplainWords(
    more="{n} {what} mehr",
    fewer="{n} {what} weniger",
    above="{text}, über den enthaltenen",
    more_days="{what}: mehr Tage berechnet",
    fewer_days="{what}: weniger Tage berechnet",
    price="{what}: Preis von {old} auf {new}",
    added="Neu: {what}",
    removed="Nicht mehr berechnet: {what}",
    one_time="Einmalige Gebühr: {what}",
    one_time_before="Einmalige Gebühr der vorigen Rechnung: {what}",
    late="Verbrauch früherer Zeiträume, berichtigt",
    late_before="Berichtigungen der vorigen Rechnung",
    credit="Gutschrift oder Rabatt: {what}",
    less_credit="Weniger Gutschrift oder Rabatt als zuvor: {what}",
    tax="Steuer",
    rounding="Rundung",
    plan="Tarif {plan}",
    nouns={
        "outbound": ("ausgehende Minute", "ausgehende Minuten"),
        "inbound": ("eingehende Minute", "eingehende Minuten"),
        "minutes": ("Minute", "Minuten"),
        "connect_fees": ("verbundener Anruf", "verbundene Anrufe"),
        "extensions": ("Nebenstelle", "Nebenstellen"),
        "dids": ("Rufnummer", "Rufnummern"),
        "commitment": ("Mindestumsatz", "Mindestumsatz"),
    },
    joined="{what} ({call_class})",
    sentence="{text}: {amount}",
    none="Der Gesamtbetrag ist derselbe wie auf der vorigen Rechnung.",
    classes=dict(
        zip(
            (name.replace(" ", "_") for name in _CLASSES_EN),
            (
                "Ortsnetz",
                "Inland",
                "Mobilfunk",
                "Ausland",
                "gebührenfrei",
                "Sonderrufnummer",
                "Notruf",
                "intern",
            ),
            strict=True,
        )
    ),
)
FR = ExplainWords(
    more="{n} {what} de plus",
    fewer="{n} {what} de moins",
    above="{text}, au-delà du forfait",
    more_days="{what} : facturé pour plus de jours",
    fewer_days="{what} : facturé pour moins de jours",
    price="{what} : prix de {old} à {new}",
    added="Nouveau : {what}",
    removed="N’est plus facturé : {what}",
    one_time="Frais uniques : {what}",
    one_time_before="Frais uniques de la facture précédente : {what}",
    late="Consommation de périodes antérieures, corrigée",
    late_before="Corrections de la facture précédente",
    credit="Avoir ou remise : {what}",
    less_credit="Avoir ou remise moindre qu’avant : {what}",
    tax="Taxes",
    rounding="Arrondi",
    plan="forfait {plan}",
    nouns={
        "outbound": ("minute sortante", "minutes sortantes"),
        "inbound": ("minute entrante", "minutes entrantes"),
        "minutes": ("minute", "minutes"),
        "connect_fees": ("appel établi", "appels établis"),
        "extensions": ("poste", "postes"),
        "dids": ("numéro SDA", "numéros SDA"),
        "commitment": ("minimum de facturation", "minimum de facturation"),
    },
    joined="{what} ({call_class})",
    sentence="{text} : {amount}",
    none="Le total est le même que sur la facture précédente.",
    classes=dict(
        zip(
            (name.replace(" ", "_") for name in _CLASSES_EN),
            ("local", "national", "mobile", "international", "gratuit", "surtaxé", "urgence", "interne"),
            strict=True,
        )
    ),
)
ES = ExplainWords(
    more="{n} {what} más",
    fewer="{n} {what} menos",
    above="{text}, por encima de lo incluido",
    more_days="{what}: facturado por más días",
    fewer_days="{what}: facturado por menos días",
    price="{what}: precio de {old} a {new}",
    added="Nuevo: {what}",
    removed="Ya no se factura: {what}",
    one_time="Cargo único: {what}",
    one_time_before="Cargo único de la factura anterior: {what}",
    late="Consumo de períodos anteriores, corregido",
    late_before="Correcciones de la factura anterior",
    credit="Abono o descuento: {what}",
    less_credit="Menos abono o descuento que antes: {what}",
    tax="Impuestos",
    rounding="Redondeo",
    plan="plan {plan}",
    nouns={
        "outbound": ("minuto saliente", "minutos salientes"),
        "inbound": ("minuto entrante", "minutos entrantes"),
        "minutes": ("minuto", "minutos"),
        "connect_fees": ("llamada establecida", "llamadas establecidas"),
        "extensions": ("extensión", "extensiones"),
        "dids": ("número DID", "números DID"),
        "commitment": ("consumo mínimo", "consumo mínimo"),
    },
    joined="{what} ({call_class})",
    sentence="{text}: {amount}",
    none="El total es el mismo que en la factura anterior.",
    classes=dict(
        zip(
            (name.replace(" ", "_") for name in _CLASSES_EN),
            (
                "local",
                "nacional",
                "móvil",
                "internacional",
                "gratuita",
                "de tarificación especial",
                "urgencia",
                "interna",
            ),
            strict=True,
        )
    ),
)
LANGUAGES = {"en": EN, "de": DE, "fr": FR, "es": ES}


def words_of(locale: str) -> ExplainWords:
    """The catalogue of a BCP 47 tag's language; English for one that there is not."""
    return LANGUAGES.get(locale.replace("_", "-").split("-")[0].lower(), EN)


def sentence(part: Part, words: ExplainWords, formats: Formats) -> str:
    """Like ``142 more outbound minutes: +$2.84``."""
    shown = formats.money(part.amount)
    signed = f"+{shown}" if part.amount.minor > 0 else shown
    return words.sentence.format(text=_text(part, words, formats), amount=signed)


def _text(part: Part, words: ExplainWords, formats: Formats) -> str:
    grows = part.amount.minor > 0
    what = _what(part, words, plural=True)
    if part.kind in ("volume", "overage"):
        return _volume(part, words, formats)
    if part.kind == "price":
        assert part.old_price is not None
        assert part.new_price is not None
        code = part.amount.currency
        return words.price.format(
            what=_capital(what),
            old=formats.price(part.old_price, code),
            new=formats.price(part.new_price, code),
        )
    texts: dict[PartKind, str] = {
        "added": words.added,
        "removed": words.removed,
        "one_time": words.one_time if grows else words.one_time_before,
        "late": words.late,
        "credits": words.less_credit if grows else words.credit,
        "rounding": words.rounding,
        "tax": words.tax,
    }
    return texts[part.kind].format(what=what)


def _volume(part: Part, words: ExplainWords, formats: Formats) -> str:
    change = part.quantity or Decimal(0)
    if not change or part.subject.kind not in words.nouns:
        more = part.amount.minor > 0
        return (words.more_days if more else words.fewer_days).format(
            what=_capital(_what(part, words, plural=True))
        )
    size = abs(change).normalize()
    text = (words.more if change > 0 else words.fewer).format(
        n=formats.number(size), what=_what(part, words, plural=size != 1)
    )
    return words.above.format(text=text) if part.kind == "overage" else text


def _what(part: Part, words: ExplainWords, *, plural: bool) -> str:
    subject = part.subject
    noun = words.nouns.get(subject.kind)
    if subject.kind == "minutes":
        noun = words.nouns.get(subject.direction or "", noun)
    if noun is None:
        is_plan = subject.kind == "fee" and subject.name.endswith(_PLAN)
        return words.plan.format(plan=subject.name.removesuffix(_PLAN)) if is_plan else subject.name
    name = noun[1] if plural else noun[0]
    call_class = subject.call_class
    # Ordinary calls need no word for their class.
    if call_class is None or call_class in ("standard", "external"):
        return name
    return words.joined.format(
        what=name, call_class=words.classes.get(call_class, call_class.replace("_", " "))
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
