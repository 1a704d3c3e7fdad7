"""HTTP: validate, call, shape. Each module builds one router for the loaded models."""
