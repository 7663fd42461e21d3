"""Signs of life for supervisors and load balancers."""

from fastapi import APIRouter

from app import errors
from app.deps import FromResources
from app.schemas import Health
from app.services import health
from app.web.problems import refusals

router = APIRouter(tags=["Operation"])


@router.get("/healthz", summary="Is the process alive?")
async def show_health() -> Health:
    """Answer without asking anybody else."""
    return Health()


@router.get("/readyz", summary="Can it serve?", responses=refusals(errors.Draining, body=False, limited=False))
async def show_readiness(resources: FromResources) -> Health:
    """Answer once the database does, with a schema that this code knows."""
    await health.require_ready(resources)
    return Health()
