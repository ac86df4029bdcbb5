"""The invented programme: who plays what where, and what it costs. Names are neutral, dates follow the day of the first start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from seatmap.chart.generators import generate_arena, generate_festival, generate_stadium, generate_theatre
from seatmap.chart.model import Chart
from server.accounts.roles import Role


@dataclass(frozen=True, slots=True)
class SeedStaff:
    """Somebody who works there. The password is made from the installation's secret."""

    email: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class SeedVenue:
    """A venue with the drawing of its seats and its gates (name, categories that may pass; none: all)."""

    key: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    time_zone: str
    latitude: float
    longitude: float
    chart: Callable[[int], Chart]
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeedShow:
    """A performance *days* from now at *starts*; the sale is open, or opens in *opens_in* days at ten, and closes at the start."""

    days: int
    starts: time
    lasts: timedelta
    doors: timedelta
    label: str = ""
    opens_in: int = 0
    weekday: int | None = None

    def start(self, now: datetime, zone: str) -> datetime:
        """Return the start in the venue's zone: *days* ahead, moved on to *weekday* (Monday is 0)."""
        day = (now.astimezone(ZoneInfo(zone)) + timedelta(days=self.days)).date()
        if self.weekday is not None:
            day += timedelta(days=(self.weekday - day.weekday()) % 7)
        return datetime.combine(day, self.starts, ZoneInfo(zone))

    def opens(self, now: datetime, zone: str) -> datetime:
        """Return when the sale opens: a little before *now*, or at ten in the morning of a later day."""
        if not self.opens_in:
            return now - timedelta(minutes=5)
        day = (now.astimezone(ZoneInfo(zone)) + timedelta(days=self.opens_in)).date()
        return datetime.combine(day, time(10), ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class SeedRoom:
    """A waiting room before all shows of an event: its lobby opens at the first start, the draw comes *draw_after* later."""

    name: str
    draw_after: timedelta
    lasts: timedelta
    rate_per_min: int
    cap: int
    visit_s: int
    claim_window_s: int


@dataclass(frozen=True, slots=True)
class SeedEvent:
    """An event. *prices* lists, per category of the chart, one amount per ticket type; None where a type is not sold."""

    slug: str
    title: str
    summary: str
    description: str
    genre: str
    venue: str
    currency: str
    cover: dict[str, Any]
    types: tuple[tuple[str, str], ...]
    prices: tuple[tuple[int | None, ...], ...]
    fees: tuple[tuple[str, int, int, str], ...]
    shows: tuple[SeedShow, ...]
    per_order_max: int = 8
    quotas: tuple[tuple[str, int, int], ...] = ()
    """(name, capacity, position of the ticket type it counts)"""
    room: SeedRoom | None = None


@dataclass(frozen=True, slots=True)
class SeedOrganisation:
    """An organiser with everything that is theirs."""

    slug: str
    name: str
    accent: str | None
    staff: tuple[SeedStaff, ...]
    venues: tuple[SeedVenue, ...]
    events: tuple[SeedEvent, ...]


FRIDAY, SATURDAY, SUNDAY = 4, 5, 6

RIVERSIDE = SeedOrganisation(
    slug="riverside",
    name="Riverside Theatre",
    accent=None,
    staff=(
        SeedStaff("owner@riverside.example", "Mara Lindqvist", "owner"),
        SeedStaff("boxoffice@riverside.example", "Jonas Okafor", "box_office"),
        SeedStaff("door@riverside.example", "Tilda Braun", "door"),
    ),
    venues=(
        SeedVenue(
            "theatre", "Riverside Theatre", "Uferstraße 12", "22767", "Hamburg", "DE", "Europe/Berlin", 53.5453, 9.9531,
            generate_theatre, ("Main foyer", "River entrance"),
        ),
    ),
    events=(
        SeedEvent(
            slug="the-glass-orchard",
            title="The Glass Orchard",
            summary="A family returns to the orchard it sold, on the last warm night of the year.",
            description=(
                "Four siblings, one house, and a harvest nobody wanted to see again. Ines Valdorf's new play moves between "
                "two summers thirty years apart, on a stage that fills with light as the evening gets darker.\n\n"
                "Directed by Piet Amaro, with live music by the Lantern Quartet. Two hours and twenty minutes with one interval. "
                "Captioned on Saturday afternoon. Latecomers are let in at the first scene change."
            ),
            genre="theatre",
            venue="theatre",
            currency="eur",
            cover={"palette": "meadow", "motif": "arcs", "seed": 7},
            types=(
                ("Full price", ""),
                ("Under 26", "Bring something that shows your age"),
                ("Child", "Up to 14 years, beside an adult"),
            ),
            prices=(
                (6900, 4500, 3450), (5400, 3500, 2700), (4200, 2700, 2100), (2800, 1800, 1400), (7900, 5900, 3950),
            ),
            fees=(("Booking fee", 350, 75, "buyer"),),
            shows=(
                SeedShow(9, time(19, 30), timedelta(minutes=140), timedelta(minutes=60), weekday=FRIDAY),
                SeedShow(
                    10, time(15, 0), timedelta(minutes=140), timedelta(minutes=45), label="Matinee, captioned", weekday=SATURDAY
                ),
                SeedShow(
                    24, time(19, 30), timedelta(minutes=140), timedelta(minutes=60), label="Extra performance",
                    opens_in=2, weekday=SATURDAY,
                ),
            ),
        ),
    ),
)  # fmt: skip

NORTHFIELD = SeedOrganisation(
    slug="northfield",
    name="Northfield Live",
    accent=None,
    staff=(
        SeedStaff("owner@northfield.example", "Samira Holt", "owner"),
        SeedStaff("manager@northfield.example", "Ruben Castell", "manager"),
        SeedStaff("door@northfield.example", "Alma Wicks", "door"),
    ),
    venues=(
        SeedVenue(
            "stadium", "Northfield Stadium", "1 Northfield Way", "M11 4BQ", "Manchester", "GB", "Europe/London", 53.4831, -2.2004,
            generate_stadium, ("Gate A", "Gate B", "Gate C", "Gate D", "Gate E", "Gate F"),
        ),
        SeedVenue(
            "park", "Meadow Park", "Parkweg 3", "3062", "Rotterdam", "NL", "Europe/Amsterdam", 51.9244, 4.5106,
            generate_festival, ("North gate", "South gate", "Deck"),
        ),
        SeedVenue(
            "arena", "Harbour Arena", "Quai des Brumes 40", "69002", "Lyon", "FR", "Europe/Paris", 45.7402, 4.8150,
            generate_arena, ("East doors", "West doors"),
        ),
    ),
    events=(
        SeedEvent(
            slug="northfield-harbour-city-final",
            title="The Final: Northfield United – Harbour City",
            summary="Ninety minutes for the cup, in front of sixty thousand.",
            description=(
                "The two best teams of the season meet for the cup. Gates open three hours before kick-off; the fan zone on the "
                "east side has food, music and a pitch for the small ones.\n\n"
                "Bags no larger than a sheet of paper. Families sit together in the family stand, where smoking and alcohol stay outside."
            ),
            genre="sport",
            venue="stadium",
            currency="gbp",
            cover={"palette": "harbour", "motif": "grid", "seed": 21},
            types=(("Adult", ""), ("Concession", "Students and over 65"), ("Under 16", "Beside an adult")),
            prices=(
                (14500, None, None), (8500, 6500, 4200), (6500, 4900, 3200), (4800, 3600, 2400), (3500, 2600, 1700), (3900, 2900, 1200),
            ),
            fees=(("Service", 450, 0, "buyer"), ("Settlement", 140, 20, "organiser")),
            shows=(SeedShow(40, time(16, 0), timedelta(minutes=120), timedelta(minutes=180), weekday=SATURDAY),),
            per_order_max=6,
        ),
        SeedEvent(
            slug="meadow-lights",
            title="Meadow Lights",
            summary="Two days of music on the grass: three stages, one sunset each.",
            description=(
                "From noon until the lanterns go out: brass bands and bedroom pop, a choir of two hundred, and the Long Table where "
                "everybody eats together at seven. The front pits are small and fill first; the hill has the view.\n\n"
                "Water is free. Tents stay at home: trains run all night."
            ),
            genre="festival",
            venue="park",
            currency="eur",
            cover={"palette": "ember", "motif": "rays", "seed": 3},
            types=(("Day ticket", ""), ("Youth", "12 to 17 years"), ("Child", "Under 12, beside an adult")),
            prices=((9900, None, None), (14900, 9900, None), (8900, 5900, 1500), (6900, 4500, 1000), (5900, 3900, 1000)),
            fees=(("Booking fee", 300, 100, "buyer"),),
            shows=(
                SeedShow(120, time(12, 0), timedelta(hours=11), timedelta(minutes=60), label="Saturday", weekday=SATURDAY),
                SeedShow(121, time(12, 0), timedelta(hours=10), timedelta(minutes=60), label="Sunday", weekday=SUNDAY),
            ),
            quotas=(("Children", 1500, 2),),
        ),
        SeedEvent(
            slug="orla-finch-lantern-tour",
            title="Orla Finch: The Lantern Tour",
            summary="The voice of last winter, with a band of nine and every light in the house.",
            description=(
                "Orla Finch plays the whole of Lantern for the first time, and the songs before it in an order the audience "
                "draws from a hat.\n\nSupport: Tin Harbour. Seated on the floor and all tiers."
            ),
            genre="concert",
            venue="arena",
            currency="eur",
            cover={"palette": "velvet", "motif": "waves", "seed": 12},
            types=(("Standard", ""), ("Under 18", "Beside an adult")),
            prices=((11900, None), (9900, 7900), (7900, 5900), (5900, 4400), (4500, 3400), (3500, 2600)),
            fees=(("Frais de location", 500, 0, "buyer"),),
            shows=(
                SeedShow(
                    75, time(20, 0), timedelta(minutes=150), timedelta(minutes=90), opens_in=5, weekday=FRIDAY
                ),
            ),
            per_order_max=4,
        ),
        SeedEvent(
            slug="juno-vale-one-night",
            title="Juno Vale: One Night Only",
            summary="One evening, one stage in the middle, and more people who want to come than there are seats.",
            description=(
                "Juno Vale plays once this year, and it is here. No support, no interval: two hours in the round, with the choir "
                "of the harbour school.\n\nSold through a waiting room: whoever is there before the draw gets a place by lot."
            ),
            genre="concert",
            venue="arena",
            currency="eur",
            cover={"palette": "harbour", "motif": "rays", "seed": 31},
            types=(("Standard", ""), ("Under 18", "Beside an adult")),
            prices=((12900, None), (10900, 8500), (8900, 6900), (6500, 4900), (4900, 3700), (3900, 2900)),
            fees=(("Frais de location", 500, 0, "buyer"),),
            shows=(SeedShow(150, time(20, 30), timedelta(minutes=120), timedelta(minutes=90), weekday=SATURDAY),),
            per_order_max=4,
            room=SeedRoom(
                name="Juno Vale: One Night Only",
                draw_after=timedelta(seconds=60),
                lasts=timedelta(hours=12),
                rate_per_min=40,
                cap=40,
                visit_s=300,
                claim_window_s=120,
            ),
        ),
    ),
)  # fmt: skip

PROGRAMME = (RIVERSIDE, NORTHFIELD)
