"""Read models: plain queries that answer with plain values, no rules and no writes."""
