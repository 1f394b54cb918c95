"""Registers the search attributes in a namespace of a cluster."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client

from workflows.attributes import SEARCH_ATTRIBUTES

INDEXED = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


async def register(client: Client) -> list[str]:
    """Register what is not registered yet in the client's namespace; returns what was added."""
    operator, namespace = client.operator_service, client.namespace
    listed = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    missing = {
        name: INDEXED[kind]
        for name, kind in SEARCH_ATTRIBUTES.items()
        if name not in listed.custom_attributes
    }
    if missing:
        await operator.add_search_attributes(
            AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
        )
    return sorted(missing)
