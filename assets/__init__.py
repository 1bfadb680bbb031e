"""The software-defined assets of this project: one package per example."""
