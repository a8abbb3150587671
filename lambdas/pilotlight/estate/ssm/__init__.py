"""SSM Parameter Store: parameters, and the values they are to hold."""
