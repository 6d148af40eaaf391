"""Write the golden file of all schemas anew: `make golden`, then commit the difference."""

import json
from pathlib import Path

from bus.schema import describe
from msgs.topics import TOPICS

path = Path(__file__).parent / "schemas.json"
described = {name: describe(topic.message) for name, topic in sorted(TOPICS.items())}
path.write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")
