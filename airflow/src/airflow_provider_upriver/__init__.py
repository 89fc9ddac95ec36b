"""What Airflow asks of a provider; its hook and operators come with their first use."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe this provider to Airflow.

    Examples:
        >>> get_provider_info()["package-name"]
        'airflow-provider-upriver'
    """
    return {
        "package-name": "airflow-provider-upriver",
        "name": "Upriver",
        "description": "Ask Upriver about models and the data that feeds them.",
    }
