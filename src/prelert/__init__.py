"""The import path of 2016: ``from prelert.engineApiClient import EngineApiClient``."""
