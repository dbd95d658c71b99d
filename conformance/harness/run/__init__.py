"""What knows pytest, the order of the cases, or workers."""
