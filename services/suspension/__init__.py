"""Call service stopped fairly and given back in seconds: policy, standing, audit, call gate."""
