"""How workflow code is run, the same for worker and replayer, and what workflows there are."""

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workflows.agreement import AgreementWorkflow
from workflows.change import ChangeWorkflow
from workflows.monitoring import MonitoringWorkflow
from workflows.noncompliance import NonComplianceWorkflow
from workflows.renewal import RenewalWorkflow
from workflows.review import ReviewWorkflow

WORKFLOWS = (
    AgreementWorkflow,
    ChangeWorkflow,
    MonitoringWorkflow,
    NonComplianceWorkflow,
    RenewalWorkflow,
    ReviewWorkflow,
)

DATA_CONVERTER = pydantic_data_converter

# Passed through: they are pure, or named only as activities. Importing them anew for each workflow
# would cost tens of milliseconds; what guards the clock in them is ruff's banned-api instead.
PASSED_THROUGH = (
    "activities",
    "aiosmtplib",
    "domain",
    "notices",
    "pydantic",
    "pydantic_core",
    "sqlalchemy",
    "store",
    "structlog",
    "workflows.attributes",
    "workflows.policies",
    "workflows.waiting",
    "yaml",
)


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox, with the project's own pure modules passed through."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SandboxedWorkflowRunner(restrictions=restrictions)
