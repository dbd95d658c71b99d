"""What is installed somewhere else first: packages, the action, the image, Locust, Dask. It takes minutes, and PyPI."""
