"""The project's sensors and schedules: thin, they call qoa_platform.orchestration."""
