"""Documents made from the record: the story of an agreement, and its summary."""
