"""What is made of results: pages, matrices, scores, differences, classes."""
