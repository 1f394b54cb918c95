"""Search attributes: what Temporal's own pages can filter by. Registered before a worker starts."""

from temporalio.common import SearchAttributeKey

CLIENT = SearchAttributeKey.for_keyword("Client")
PROVIDER = SearchAttributeKey.for_keyword("Provider")
PHASE = SearchAttributeKey.for_keyword("Phase")
ESCALATION_LEVEL = SearchAttributeKey.for_int("EscalationLevel")
ENDS_AT = SearchAttributeKey.for_datetime("EndsAt")

SEARCH_ATTRIBUTES = {
    CLIENT.name: "Keyword",
    PROVIDER.name: "Keyword",
    PHASE.name: "Keyword",
    ESCALATION_LEVEL.name: "Int",
    ENDS_AT.name: "Datetime",
}
