"""What is installed somewhere else first: packages, the action, the image, Locust. It takes minutes, and PyPI."""
