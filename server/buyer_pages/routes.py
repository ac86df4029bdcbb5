"""The addresses of the buyer's pages."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from server.buyer_pages.checkout_page import checkout_page, place_order
from server.buyer_pages.my_tickets import my_tickets
from server.buyer_pages.order_page import give_up, order_page, returned
from server.buyer_pages.seat_page import seat_page
from server.buyer_pages.theme import theme_stylesheet

routes: list[BaseRoute] = [
    Route("/shows/{show:number}", seat_page, methods=["GET"]),
    Route("/shows/{show:number}/checkout", checkout_page, methods=["GET"]),
    Route("/shows/{show:number}/checkout", place_order, methods=["POST"]),
    Route("/orders/{ref}", order_page, methods=["GET"]),
    Route("/orders/{ref}/return", returned, methods=["GET"]),
    Route("/orders/{ref}/give-up", give_up, methods=["POST"]),
    Route("/tickets", my_tickets, methods=["GET"]),
    Route("/theme/{accent}.css", theme_stylesheet, methods=["GET"]),
]
