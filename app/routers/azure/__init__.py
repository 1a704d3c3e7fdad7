"""The drop-in for the original deployment on Azure ML; its contract is the Azure ML server's."""

from .router import build_azure_router as build_azure_router
