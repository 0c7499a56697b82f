"""What tests of several services share: servers, builders, fakes."""
