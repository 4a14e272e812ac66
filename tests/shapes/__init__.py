"""Small hosts of the shapes that real apps have, each a whole app: models, mapping, an appointment, a desk.

The numbers are those of the survey behind the mapping. A host knows nothing of us but its TOML.
"""

from .eight import EIGHT
from .five import FIVE
from .four import FOUR
from .frame import START, Running, Shape, run
from .nine import NINE, NINE_SCHEDULE
from .one import ONE
from .seven import SEVEN, SEVEN_DATE, SEVEN_DAY
from .six import SIX
from .ten import TEN
from .three import THREE
from .two import DELETE, HIDE

SHAPES = [ONE, DELETE, HIDE, THREE, FOUR, FIVE, SIX, SEVEN, SEVEN_DAY, SEVEN_DATE, EIGHT, NINE, NINE_SCHEDULE, TEN]
BY_NAME = {shape.name: shape for shape in SHAPES}

__all__ = ["BY_NAME", "SHAPES", "START", "Running", "Shape", "run"]
