"""The routers by name. A new one is a file and a line here."""

from __future__ import annotations

from logdepth.simulation.routers.dealing import DEALING
from logdepth.simulation.routers.hashing import HASHING
from logdepth.simulation.routers.ports import PORTS
from logdepth.simulation.routers.router import Router
from logdepth.simulation.routers.sums import SUMS

ROUTERS: dict[str, Router] = {router.name: router for router in (SUMS, HASHING, PORTS, DEALING)}
