"""What the DAGs share: the operator that runs `./atlas …`, and the alert of a failure."""
